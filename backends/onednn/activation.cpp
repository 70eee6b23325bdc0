#include "ir/ops/activation.h"
#include "backends/onednn/memory_desc.h"
#include "backends/onednn/recipe.h"

namespace sinter::onednn {
namespace {

using dnnl::algorithm;
using dnnl::memory;
using dnnl::prop_kind;

// Beyond it softplus is x to f32's last digit: where its threshold lies makes no difference then.
constexpr double softplus_is_x = 16;

// The functions that an op is, one of the other; none: oneDNN has them not, or not those that the op table
// says. Its clip and what is made of it lose NaN.
std::vector<Function> functions_of(OpKind op, const Attributes& a) {
  const auto real = [&](std::string_view name) { return static_cast<float>(a.real(name)); };
  switch (op) {
    case OpKind::relu:
      return {{algorithm::eltwise_relu}};
    case OpKind::leaky_relu:
      return {{algorithm::eltwise_relu, real("alpha")}};
    case OpKind::sigmoid:
      return {{algorithm::eltwise_logistic}};
    case OpKind::tanh:
      return {{algorithm::eltwise_tanh}};
    case OpKind::exp:
      return {{algorithm::eltwise_exp}};
    case OpKind::log:
      return {{algorithm::eltwise_log}};
    case OpKind::sqrt:
      return {{algorithm::eltwise_sqrt}};
    case OpKind::elu:
      return {{algorithm::eltwise_elu, real("alpha")}};
    case OpKind::selu:
      return {{.kind = algorithm::eltwise_elu,
               .alpha = static_cast<float>(ops::selu_alpha),
               .scale = static_cast<float>(ops::selu_scale)}};
    case OpKind::gelu:
      return {{a.word("approximate") == "tanh" ? algorithm::eltwise_gelu_tanh : algorithm::eltwise_gelu_erf}};
    case OpKind::silu:
      return {{algorithm::eltwise_swish, 1}};
    case OpKind::hard_swish:
      return {{algorithm::eltwise_hardswish}};
    case OpKind::softplus:
      if (a.real("threshold") < softplus_is_x) return {};
      if (a.real("beta") == 1) return {{algorithm::eltwise_soft_relu}};
      return {{algorithm::eltwise_linear, real("beta")},
              {.kind = algorithm::eltwise_soft_relu, .scale = 1 / real("beta")}};
    default:
      return {};
  }
}

struct Gradient {
  algorithm kind;
  int by;  ///< DNNL_ARG_DST: computed from the forward result; DNNL_ARG_SRC: from its operand
};

// Of those that fusions hold. elu's and hard_swish's lose NaN.
std::optional<Gradient> gradient_of(OpKind op, const Attributes& a) {
  switch (op) {
    case OpKind::relu:
    case OpKind::leaky_relu:
      return Gradient{algorithm::eltwise_relu_use_dst_for_bwd, DNNL_ARG_DST};
    case OpKind::sigmoid:
      return Gradient{algorithm::eltwise_logistic_use_dst_for_bwd, DNNL_ARG_DST};
    case OpKind::tanh:
      return Gradient{algorithm::eltwise_tanh_use_dst_for_bwd, DNNL_ARG_DST};
    case OpKind::gelu:
      if (a.word("approximate") == "tanh") return std::nullopt;  // NaN of large x, whose cube overflows
      [[fallthrough]];
    case OpKind::silu:
      return Gradient{functions_of(op, a)[0].kind, DNNL_ARG_SRC};
    case OpKind::softplus:
      if (a.real("threshold") < softplus_is_x || a.real("beta") != 1) return std::nullopt;
      return Gradient{algorithm::eltwise_soft_relu, DNNL_ARG_SRC};
    default:
      return std::nullopt;
  }
}

void append(dnnl::post_ops& after, const std::vector<Function>& functions) {
  for (const Function& each : functions) after.append_eltwise(each.scale, each.kind, each.alpha, each.beta);
}

// A primitive of one function; of several, or of a scaled one, they stand behind the larger of x and x, which
// is x and NaN where that is.
dnnl::primitive_desc_base describe_functions(const std::vector<Function>& functions, const memory::desc& x) {
  dnnl::primitive_attr attributes = primitive_attributes({}, {});
  if (functions.size() == 1 && functions[0].scale == 1) {
    const dnnl::eltwise_forward::desc desc(prop_kind::forward_inference, functions[0].kind, x,
                                           functions[0].alpha, functions[0].beta);
    return dnnl::eltwise_forward::primitive_desc(desc, attributes, cpu_engine(), true);
  }
  dnnl::post_ops after;
  append(after, functions);
  attributes.set_post_ops(after);
  return dnnl::binary::primitive_desc({algorithm::binary_max, x, x, x}, attributes, cpu_engine(), true);
}

}  // namespace

// Those that lose NaN too, as its relu does: by themselves others run them as fast, behind a product they
// would be a sweep over memory.
std::vector<Function> functions_behind_product(OpKind op, const Attributes& a) {
  const auto real = [&](std::string_view name) { return static_cast<float>(a.real(name)); };
  if (op == OpKind::clip) return {{algorithm::eltwise_clip, real("min"), real("max")}};
  // The last step by a scale: two of one kind would both have the first one's numbers.
  if (op == OpKind::hard_sigmoid)
    return {{algorithm::eltwise_linear, 1, 3}, {algorithm::eltwise_clip, 0, 6, 1.0F / 6}};
  return functions_of(op, a);
}

dnnl::primitive_attr primitive_attributes(const Epilogue& epilogue, const Descriptions& descriptions) {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  dnnl::post_ops after;
  if (epilogue.added) after.append_binary(algorithm::binary_add, descriptions[epilogue.added->buffer]);
  append(after, epilogue.functions);
  attributes.set_post_ops(after);
  return attributes;
}

Recipes activation_recipes(const OpView& op, std::span<const Layout> offered) {
  const Port &x = op.operand(0), &y = op.results[0];
  auto functions = functions_of(op.op, op.attributes);
  if (functions.empty() || x.type.shape.empty()) return {};
  Recipe recipe;
  recipe.arguments = {{DNNL_ARG_SRC, x, Cut::slice}, {DNNL_ARG_DST, y, Cut::slice}};
  const bool alone = functions.size() == 1 && functions[0].scale == 1;
  if (!alone) recipe.arguments.push_back({DNNL_ARG_SRC_1, x, Cut::slice});
  recipe.describe = [functions = std::move(functions), x = x.buffer](const Descriptions& d) {
    return describe_functions(functions, d[x]);
  };
  recipe.choices = same_layouts(2, x.type.shape.size(), offered);
  // Of blocks 2.6 gets lost in what stands behind a binary primitive: it computes half of 8 and more than all
  // of those that are not full.
  if (!alone)
    std::erase_if(recipe.choices, [](const LayoutChoice& choice) { return !choice[0]->blocks().empty(); });
  recipe.flops = 20.0 * static_cast<double>(element_count(x.type.shape));
  return {std::move(recipe)};
}

Recipes activation_backward_recipes(const OpView& activation, const Port& dy, const Port& by, const Port& dx,
                                    std::span<const Layout> offered) {
  const auto gradient = gradient_of(activation.op, activation.attributes);
  if (!gradient || dy.type.shape.empty()) return {};
  Recipe recipe;
  recipe.arguments = {{DNNL_ARG_DIFF_DST, dy, Cut::slice},
                      {gradient->by, by, Cut::slice},
                      {DNNL_ARG_DIFF_SRC, dx, Cut::slice}};
  const float alpha = functions_of(activation.op, activation.attributes)[0].alpha;
  recipe.describe = [=, kind = gradient->kind, dy = dy.buffer,
                     by = by.buffer](const Descriptions& d) -> dnnl::primitive_desc_base {
    const dnnl::eltwise_forward::desc forward(prop_kind::forward_training, kind, d[by], alpha, 0);
    const dnnl::eltwise_forward::primitive_desc hint(forward, cpu_engine(), true);
    if (!hint) return {};
    const dnnl::eltwise_backward::desc desc(kind, d[dy], d[by], alpha, 0);
    return dnnl::eltwise_backward::primitive_desc(desc, primitive_attributes({}, d), cpu_engine(), hint,
                                                  true);
  };
  recipe.choices = same_layouts(3, dy.type.shape.size(), offered);
  const double each = gradient->by == DNNL_ARG_DST ? 4 : 20;
  recipe.flops = each * static_cast<double>(element_count(dy.type.shape));
  return {std::move(recipe)};
}

// The slopes lie as the channels of x do: where these fill their blocks, that is plain. One slope for several
// channels oneDNN knows for what it sees as one channel.
Recipes prelu_recipes(const OpView& op, std::span<const Layout> offered) {
  const Port &x = op.operand(0), &weight = op.operand(1), &y = op.results[0];
  const auto size = sizes(x.type.shape);
  if (size.size() < 2) return {};
  const int64_t slopes = sizes(weight.type.shape)[0];
  const bool joined = slopes == 1 && size[1] > 1;
  const int64_t each = element_count(x.type.shape) / size[0];
  Recipe recipe;
  recipe.arguments = {
      {DNNL_ARG_SRC, x, Cut::slice}, {DNNL_ARG_WEIGHTS, weight, Cut::whole}, {DNNL_ARG_DST, y, Cut::slice}};
  recipe.describe = [=, x = x.buffer](const Descriptions& d) -> dnnl::primitive_desc_base {
    memory::desc image = d[x];
    if (joined) image = image.reshape({image.dims()[0], 1, each});
    const auto by_channel = channels_of(image, slopes);
    if (!by_channel) return {};
    return dnnl::prelu_forward::primitive_desc({prop_kind::forward_inference, image, *by_channel},
                                               primitive_attributes({}, d), cpu_engine(), true);
  };
  for (const Layout& layout : sample_layouts(size.size(), offered))
    recipe.choices.push_back({layout, Layout{}, layout});
  recipe.flops = 2.0 * static_cast<double>(element_count(x.type.shape));
  return {std::move(recipe)};
}

}  // namespace sinter::onednn
