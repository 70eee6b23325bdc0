#include <algorithm>
#include <functional>

#include "backends/onednn/machine.h"
#include "backends/onednn/memory_desc.h"
#include "backends/onednn/recipe.h"
#include "ir/shape.h"

namespace sinter::onednn {
namespace {

using dnnl::algorithm;
using dnnl::memory;
using dnnl::prop_kind;

constexpr int64_t channel_grain = 16;      // the largest block of channels that is usual
constexpr int64_t winograd_channels = 64;  // with fewer, transforms cost what multiplications save

struct Geometry {
  memory::dims stride, dilation, before, after;
  int64_t groups;
};

// oneDNN's dilation is what lies between two taps.
Geometry geometry(const Attributes& attributes) {
  const Ints &stride = attributes.ints("stride"), &padding = attributes.ints("padding"),
             &dilation = attributes.ints("dilation");
  return {{stride[0], stride[1]},
          {dilation[0] - 1, dilation[1] - 1},
          {padding[0], padding[1]},
          {padding[2], padding[3]},
          attributes.integer("groups")};
}

// oneDNN's weights of groups have five dimensions, the groups' first, which lie as our four in plain memory;
// those of one channel each also where the groups are blocked.
memory::desc in_groups(const memory::desc& weight, int64_t groups) {
  if (groups == 1) return weight;
  const auto w = weight.dims();
  const memory::dims dims = {groups, w[0] / groups, w[1], w[2], w[3]};
  if (weight.data.format_desc.blocking.inner_nblks == 0) return weight.reshape(dims);
  return {dims, weight.data_type(),
          vector_width() == 16 ? memory::format_tag::Goihw16g : memory::format_tag::Goihw8g};
}

// Weights of groups lie plainly: blocks of five dimensions have no tag of four. Of depthwise convolutions,
// whose images are in blocks of channels, the groups are in the same blocks: of other layouts oneDNN's
// kernels are slow.
void lay_out_groups(Recipe& recipe, const Port& weight, const Port& x, const Port& y,
                    const Attributes& attributes) {
  const int64_t groups = attributes.integer("groups");
  if (groups == 1) return;
  const auto w = sizes(weight.type.shape);
  recipe.group_channels = w[0] / groups;
  const bool wide = vector_width() == 16;
  const bool depthwise = w[0] == groups && w[1] == 1 && groups % (wide ? 16 : 8) == 0;
  const Layout image = Layout::parse(wide ? "aBcd16b" : "aBcd8b");
  const Layout blocked = Layout::parse(wide ? "Abcd16a" : "Abcd8a");
  for (LayoutChoice& choice : recipe.choices) choice[weight.buffer] = Layout{};
  if (!depthwise) return;
  LayoutChoice in_blocks = recipe.choices[0];
  in_blocks[x.buffer] = in_blocks[y.buffer] = image;
  in_blocks[weight.buffer] = blocked;
  recipe.choices.push_back(std::move(in_blocks));
}

// oneDNN's choice first, then every pair of layouts for the two images; the weights' is always oneDNN's.
std::vector<LayoutChoice> image_choices(size_t buffers, const Port& x, const Port& y,
                                        std::span<const Layout> offered) {
  std::vector<LayoutChoice> choices(1, LayoutChoice(buffers));
  const auto layouts = sample_layouts(4, offered);
  for (const Layout& of_x : layouts)
    for (const Layout& of_y : layouts) {
      LayoutChoice choice(buffers);
      choice[x.buffer] = of_x;
      choice[y.buffer] = of_y;
      choices.push_back(std::move(choice));
    }
  return choices;
}

double flops_of(const Port& weight, const Port& y) {
  const auto w = sizes(weight.type.shape);
  return 2.0 * static_cast<double>(w[1] * w[2] * w[3] * element_count(y.type.shape));
}

double column_bytes(const Port& weight, const Port& y) {
  const auto w = sizes(weight.type.shape), size = sizes(y.type.shape);
  return 4.0 * static_cast<double>(size[0] * size[2] * size[3] * w[1] * w[2] * w[3]);
}

// Winograd's F(4x4, 3x3): each tile of 6x6 is transformed, multiplied by transformed weights and transformed
// back. Lavin, Gray: Fast Algorithms for Convolutional Neural Networks, CVPR 2016. Where padding differs from
// side to side, oneDNN 2.6's gradient by data is wrong.
bool suits_winograd(const Attributes& attributes, const Port& weight) {
  const auto w = sizes(weight.type.shape);
  const Ints &stride = attributes.ints("stride"), &padding = attributes.ints("padding");
  const bool even = padding == Ints{0, 0, 0, 0} || padding == Ints{1, 1, 1, 1};
  const auto fits = [](int64_t channels) {
    return channels >= winograd_channels && channels % channel_grain == 0;
  };
  const bool dense = attributes.ints("dilation") == Ints{1, 1} && attributes.integer("groups") == 1;
  return vector_width() == 16 && dense && w[2] == 3 && w[3] == 3 && stride == Ints{1, 1} && even &&
         fits(w[0]) && fits(w[1]);
}

using Describe = std::function<dnnl::primitive_desc_base(const Descriptions&)>;

// Beside the recipes for direct convolution one for Winograd's, where that pays. `describe` makes a recipe's
// description for an algorithm.
Recipes with_winograd(Recipes recipes, const std::function<Describe(algorithm)>& describe,
                      const Attributes& attributes, const Port& weight) {
  if (!suits_winograd(attributes, weight)) return recipes;
  Recipe winograd = recipes.back();  // cut by samples
  winograd.describe = describe(algorithm::convolution_winograd);
  winograd.flops_share = 36.0 / (16 * 9);
  winograd.slice_bytes = 36.0 / 9.0 * static_cast<double>(weight.type.bytes());
  recipes.push_back(std::move(winograd));
  return recipes;
}

// A value that lies as another does, sample by sample.
void same_layout(std::vector<LayoutChoice>& choices, const Port& as, const Port& other) {
  for (LayoutChoice& choice : choices) choice[other.buffer] = choice[as.buffer];
}

// oneDNN 2.6's GEMM convolution of channels-last images adds the elements of another value in the wrong
// places. Where both have one channel they lie both ways, and which of them oneDNN sees is not said.
bool adds_wrongly(const dnnl::convolution_forward::primitive_desc& convolution) {
  const dnnl::memory::desc x = convolution.src_desc(), y = convolution.dst_desc();
  const bool lie_both_ways = x.dims()[1] == 1 && y.dims()[1] == 1;
  return std::string_view(convolution.impl_info_str()).find("gemm:") != std::string_view::npos &&
         (lie_both_ways || layout_of(x) != Layout{} || layout_of(y) != Layout{});
}

struct ChannelCut {
  int argument;
  Cut cut;
  int dimension;
};

// Of a batch of one, output channels that all read all of x are cut apart: first a recipe for that, then the
// one for the batch, for the layouts that cannot be cut so.
Recipes with_channels_apart(Recipe by_sample, const Port& x, const Port& y, const Port* added,
                            std::initializer_list<ChannelCut> cuts) {
  const auto size = sizes(y.type.shape);
  if (size[0] > 1 || size[1] <= channel_grain || by_sample.group_channels > 0) return {std::move(by_sample)};
  Recipe by_channel = by_sample;
  by_channel.grain = channel_grain;
  // im2col is done anew by each slice.
  by_channel.column_bytes *= static_cast<double>((size[1] + channel_grain - 1) / channel_grain);
  // oneDNN's own choice is mostly channels-last, which cannot be cut so: blocks of channels can.
  const Layout blocked = Layout::parse(vector_width() == 16 ? "aBcd16b" : "aBcd8b");
  for (const Layout& of_x : {Layout{}, blocked}) {
    LayoutChoice choice(by_channel.choices[0].size());
    choice[x.buffer] = of_x;
    choice[y.buffer] = blocked;
    if (added) choice[added->buffer] = blocked;
    by_channel.choices.push_back(std::move(choice));
  }
  for (Argument& argument : by_channel.arguments) {
    const auto* cut = std::ranges::find(cuts, argument.argument, &ChannelCut::argument);
    argument.cut = cut->cut;
    argument.dimension = cut->dimension;
  }
  by_sample.serial = true;
  return {std::move(by_channel), std::move(by_sample)};
}

size_t buffer_count(std::initializer_list<const Port*> ports) {
  size_t count = 0;
  for (const Port* port : ports)
    if (port) count = std::max(count, port->buffer + 1);
  return count;
}

}  // namespace

Recipes convolution_recipes(const OpView& op, const Epilogue& epilogue, std::span<const Layout> offered) {
  const Port &x = op.operand(0), &weight = op.operand(1), &y = op.results[0];
  const Port* bias = op.has(2) ? &op.operand(2) : nullptr;
  const Port* added = epilogue.added ? &*epilogue.added : nullptr;
  constexpr int sum = DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_SRC_1;
  Recipe recipe;
  recipe.arguments = {
      {DNNL_ARG_SRC, x, Cut::slice}, {DNNL_ARG_WEIGHTS, weight, Cut::whole}, {DNNL_ARG_DST, y, Cut::slice}};
  if (bias) recipe.arguments.push_back({DNNL_ARG_BIAS, *bias, Cut::whole});
  if (added) recipe.arguments.push_back({sum, *added, Cut::slice});
  const auto describe = [=, x = x.buffer, w = weight.buffer, y = y.buffer, g = geometry(op.attributes),
                         b = bias ? std::optional(bias->buffer) : std::nullopt](algorithm kind) -> Describe {
    return [=](const Descriptions& d) -> dnnl::primitive_desc_base {
      // Winograd's weights are transformed ahead of time in inference, into a layout without a tag.
      const auto mode = kind == algorithm::convolution_winograd ? prop_kind::forward_training
                                                                : prop_kind::forward_inference;
      const auto desc =
          b ? dnnl::convolution_forward::desc(mode, kind, d[x], in_groups(d[w], g.groups), d[*b], d[y],
                                              g.stride, g.dilation, g.before, g.after)
            : dnnl::convolution_forward::desc(mode, kind, d[x], in_groups(d[w], g.groups), d[y], g.stride,
                                              g.dilation, g.before, g.after);
      const dnnl::convolution_forward::primitive_desc found(desc, primitive_attributes(epilogue, d),
                                                            cpu_engine(), true);
      if (found && epilogue.added && adds_wrongly(found)) return {};
      return found;
    };
  };
  recipe.describe = describe(algorithm::convolution_direct);
  recipe.choices = image_choices(buffer_count({&x, &weight, &y, bias, added}), x, y, offered);
  lay_out_groups(recipe, weight, x, y, op.attributes);
  if (added) same_layout(recipe.choices, y, *added);
  recipe.flops = flops_of(weight, y);
  recipe.column_bytes = column_bytes(weight, y);
  recipe.channels = {{y.buffer, 1, true}, {x.buffer, 1, false}};
  Recipes direct = with_channels_apart(std::move(recipe), x, y, added,
                                       {{DNNL_ARG_SRC, Cut::whole, 0},
                                        {DNNL_ARG_WEIGHTS, Cut::slice, 0},
                                        {DNNL_ARG_BIAS, Cut::slice, 0},
                                        {DNNL_ARG_DST, Cut::slice, 1},
                                        {sum, Cut::slice, 1}});
  return with_winograd(std::move(direct), describe, op.attributes, weight);
}

Recipes convolution_backward_data_recipes(const OpView& op, std::span<const Layout> offered) {
  const Port &dy = op.operand(0), &weight = op.operand(1), &dx = op.results[0];
  Recipe recipe;
  recipe.arguments = {{DNNL_ARG_DIFF_DST, dy, Cut::slice},
                      {DNNL_ARG_WEIGHTS, weight, Cut::whole},
                      {DNNL_ARG_DIFF_SRC, dx, Cut::slice}};
  const auto describe = [dy = dy.buffer, w = weight.buffer, dx = dx.buffer,
                         g = geometry(op.attributes)](algorithm kind) -> Describe {
    return [=](const Descriptions& d) {
      const memory::desc weights = in_groups(d[w], g.groups);
      const dnnl::convolution_forward::desc forward(prop_kind::forward_training, kind, d[dx], weights, d[dy],
                                                    g.stride, g.dilation, g.before, g.after);
      const dnnl::convolution_backward_data::desc desc(kind, d[dx], weights, d[dy], g.stride, g.dilation,
                                                       g.before, g.after);
      const dnnl::primitive_attr attributes = primitive_attributes({}, d);
      const dnnl::convolution_forward::primitive_desc hint(forward, cpu_engine());
      return dnnl::convolution_backward_data::primitive_desc(desc, attributes, cpu_engine(), hint, true);
    };
  };
  recipe.describe = describe(algorithm::convolution_direct);
  recipe.choices = image_choices(buffer_count({&dy, &weight, &dx}), dy, dx, offered);
  lay_out_groups(recipe, weight, dx, dy, op.attributes);
  recipe.flops = flops_of(weight, dy);
  recipe.column_bytes = column_bytes(weight, dy);
  recipe.channels = {{dx.buffer, 1, true}, {dy.buffer, 1, false}};
  return with_winograd({std::move(recipe)}, describe, op.attributes, weight);
}

Recipes convolution_backward_weights_recipes(const OpView& op, const std::optional<Port>& bias,
                                             std::span<const Layout> offered) {
  const Port &x = op.operand(0), &dy = op.operand(1), &dw = op.results[0];
  Recipe recipe;
  recipe.arguments = {{DNNL_ARG_SRC, x, Cut::slice},
                      {DNNL_ARG_DIFF_DST, dy, Cut::slice},
                      {DNNL_ARG_DIFF_WEIGHTS, dw, Cut::lane}};
  if (bias) recipe.arguments.push_back({DNNL_ARG_DIFF_BIAS, *bias, Cut::lane});
  const auto describe = [x = x.buffer, dy = dy.buffer, dw = dw.buffer, g = geometry(op.attributes),
                         b = bias ? std::optional(bias->buffer) : std::nullopt](algorithm kind) -> Describe {
    return [=](const Descriptions& d) {
      const memory::desc weights = in_groups(d[dw], g.groups);
      const dnnl::convolution_forward::desc forward(prop_kind::forward_training, kind, d[x], weights, d[dy],
                                                    g.stride, g.dilation, g.before, g.after);
      const auto desc = b ? dnnl::convolution_backward_weights::desc(kind, d[x], weights, d[*b], d[dy],
                                                                     g.stride, g.dilation, g.before, g.after)
                          : dnnl::convolution_backward_weights::desc(kind, d[x], weights, d[dy], g.stride,
                                                                     g.dilation, g.before, g.after);
      const dnnl::convolution_forward::primitive_desc hint(forward, cpu_engine());
      return dnnl::convolution_backward_weights::primitive_desc(desc, primitive_attributes({}, d),
                                                                cpu_engine(), hint, true);
    };
  };
  recipe.describe = describe(algorithm::convolution_direct);
  recipe.choices = image_choices(buffer_count({&x, &dy, &dw, bias ? &*bias : nullptr}), x, dy, offered);
  lay_out_groups(recipe, dw, x, dy, op.attributes);
  recipe.flops = flops_of(dw, dy);
  recipe.column_bytes = column_bytes(dw, dy);
  recipe.channels = {{dy.buffer, 1, true}, {x.buffer, 1, false}};
  Recipes direct = with_channels_apart(std::move(recipe), x, dy, nullptr,
                                       {{DNNL_ARG_SRC, Cut::whole, 0},
                                        {DNNL_ARG_DIFF_WEIGHTS, Cut::slice, 0},
                                        {DNNL_ARG_DIFF_BIAS, Cut::slice, 0},
                                        {DNNL_ARG_DIFF_DST, Cut::slice, 1}});
  return with_winograd(std::move(direct), describe, op.attributes, dw);
}

}  // namespace sinter::onednn
