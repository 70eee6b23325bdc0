#include "bench/kernels/onednn_alone.h"

#include <omp.h>

#include <cstring>
#include <dnnl.hpp>
#include <unordered_map>

#include "bench/kernels/pinning.h"
#include "ir/shape.h"

namespace sinter::bench {
namespace {

using dnnl::algorithm;
using dnnl::memory;
using dnnl::prop_kind;
using tag = memory::format_tag;
using Arguments = std::unordered_map<int, memory>;

memory::desc any(memory::dims dims) { return {std::move(dims), memory::data_type::f32, tag::any}; }

memory::desc plain(const memory::dims& dims) {
  static constexpr tag tags[] = {tag::a, tag::a, tag::ab, tag::abc, tag::abcd};
  return {dims, memory::data_type::f32, tags[dims.size()]};
}

algorithm convolution_algorithm(OnednnAlone::Algorithm which) {
  return which == OnednnAlone::Algorithm::direct ? algorithm::convolution_direct
                                                 : algorithm::convolution_winograd;
}

// The descriptors of a layer's primitives.
class Primitives {
 public:
  Primitives(const Layer& layer, algorithm convolution, dnnl::engine engine)
      : layer_(layer), convolution_(convolution), engine_(std::move(engine)) {}

  dnnl::convolution_forward::primitive_desc forward(prop_kind kind, bool with_activation) const {
    dnnl::primitive_attr attributes;
    if (with_activation && layer_.activation) {
      dnnl::post_ops post;
      post.append_eltwise(1, activation(), slope(), 0);
      attributes.set_post_ops(post);
    }
    return {{kind, convolution_, any(x()), any(weight()), any({layer_.o}), any(z()), stride(), padding(),
             padding()},
            attributes,
            engine_};
  }

  dnnl::convolution_backward_data::primitive_desc backward_data() const {
    return {{convolution_, any(x()), any(weight()), any(z()), stride(), padding(), padding()},
            engine_,
            forward(prop_kind::forward_training, false)};
  }

  dnnl::convolution_backward_weights::primitive_desc backward_weights() const {
    return {
        {convolution_, any(x()), any(weight()), any({layer_.o}), any(z()), stride(), padding(), padding()},
        engine_,
        forward(prop_kind::forward_training, false)};
  }

  dnnl::pooling_forward::primitive_desc pool(prop_kind kind, const memory::desc& z) const {
    return {{kind, pool_algorithm(), z, any(pooled()), pool_stride(), pool_kernel(), pool_padding(),
             pool_padding()},
            engine_};
  }

  dnnl::pooling_backward::primitive_desc pool_backward(
      const memory::desc& z, const dnnl::pooling_forward::primitive_desc& forward) const {
    return {{pool_algorithm(), z, forward.dst_desc(), pool_stride(), pool_kernel(), pool_padding(),
             pool_padding()},
            engine_,
            forward};
  }

  dnnl::eltwise_backward::primitive_desc activation_backward(const memory::desc& z) const {
    const dnnl::eltwise_forward::primitive_desc forward(
        {prop_kind::forward_training, activation_by_result(), z, slope(), 0}, engine_);
    return {{activation_by_result(), z, z, slope(), 0}, engine_, forward};
  }

 private:
  memory::dims x() const { return {layer_.n, layer_.c, layer_.h, layer_.w}; }
  memory::dims weight() const { return {layer_.o, layer_.c, layer_.k, layer_.k}; }
  memory::dims z() const { return {layer_.n, layer_.o, layer_.conv_height(), layer_.conv_width()}; }
  memory::dims stride() const { return {layer_.s, layer_.s}; }
  memory::dims padding() const { return {layer_.p, layer_.p}; }
  memory::dims pool_kernel() const { return {layer_.pool->kernel, layer_.pool->kernel}; }
  memory::dims pool_stride() const { return {layer_.pool->stride, layer_.pool->stride}; }
  memory::dims pool_padding() const { return {layer_.pool->padding, layer_.pool->padding}; }
  memory::dims pooled() const {
    const auto size = [&](int64_t z) {
      return (z + 2 * layer_.pool->padding - layer_.pool->kernel) / layer_.pool->stride + 1;
    };
    return {layer_.n, layer_.o, size(layer_.conv_height()), size(layer_.conv_width())};
  }
  algorithm pool_algorithm() const {
    return layer_.pool->op == OpKind::max_pool2d ? algorithm::pooling_max
                                                 : algorithm::pooling_avg_include_padding;
  }
  algorithm activation() const {
    return layer_.activation == OpKind::sigmoid ? algorithm::eltwise_logistic
           : layer_.activation == OpKind::tanh  ? algorithm::eltwise_tanh
                                                : algorithm::eltwise_relu;
  }
  algorithm activation_by_result() const {
    return layer_.activation == OpKind::sigmoid ? algorithm::eltwise_logistic_use_dst_for_bwd
           : layer_.activation == OpKind::tanh  ? algorithm::eltwise_tanh_use_dst_for_bwd
                                                : algorithm::eltwise_relu_use_dst_for_bwd;
  }
  float slope() const { return static_cast<float>(layer_.slope()); }

  const Layer& layer_;
  algorithm convolution_;
  dnnl::engine engine_;
};

class OnednnContestant final : public Contestant {
 public:
  OnednnContestant(const Layer& layer, Work work, algorithm convolution, const NamedTensors& inputs,
                   std::span<const int> processors)
      : layer_(layer),
        threads_(static_cast<int>(processors.size())),
        engine_(dnnl::engine::kind::cpu, 0),
        stream_(engine_),
        primitives_(layer_, convolution, engine_) {
    pin_openmp_threads(processors);
    if (work == Work::forward)
      prepare_forward(inputs);
    else if (work == Work::backward_data)
      prepare_backward_data(inputs);
    else
      prepare_backward_weights(inputs);
  }

  void step() override {
    omp_set_num_threads(threads_);
    for (const auto& [primitive, arguments] : calls_) primitive.execute(stream_, arguments);
    stream_.wait();
  }

  std::vector<Tensor> results() const override {
    std::vector<Tensor> tensors;
    for (const Memory& result : results_) {
      const Memory::dims dims = result.get_desc().dims();
      Tensor tensor(DType::f32, dims);
      Memory bound(plain(dims), engine_, tensor.data());
      copy(result, bound);
      tensors.push_back(std::move(tensor));
    }
    return tensors;
  }

  std::vector<std::span<std::byte>> memory() override {
    std::vector<std::span<std::byte>> all;
    for (const auto& [_, arguments] : calls_)
      for (const auto& [index, bound] : arguments)
        all.emplace_back(static_cast<std::byte*>(bound.get_data_handle()), bound.get_desc().get_size());
    return all;
  }

  std::string label() const override { return label_; }

 private:
  using Memory = dnnl::memory;

  void copy(Memory from, Memory to) const {
    dnnl::stream stream(engine_);
    dnnl::reorder(from, to).execute(stream, from, to);
    stream.wait();
  }

  Memory fresh(const Memory::desc& desc) const { return {desc, engine_}; }

  Memory filled(const NamedTensors& inputs, std::string_view name, const Memory::desc& desc) const {
    const Tensor& tensor = inputs.find(name)->second;
    Memory given(plain(tensor.shape()), engine_, const_cast<void*>(tensor.data()));
    Memory laid_out = fresh(desc);
    copy(given, laid_out);
    return laid_out;
  }

  template <typename Primitive, typename Description>
  void add(const Description& description, Arguments arguments) {
    label_ += fmt::format("{}{}", label_.empty() ? "" : ", ", description.impl_info_str());
    calls_.emplace_back(Primitive(description), std::move(arguments));
  }

  void prepare_forward(const NamedTensors& inputs) {
    const auto convolution = primitives_.forward(prop_kind::forward_inference, true);
    const Memory y = fresh(convolution.dst_desc());
    results_ = {y};
    add<dnnl::convolution_forward>(convolution,
                                   {{DNNL_ARG_SRC, filled(inputs, "x", convolution.src_desc())},
                                    {DNNL_ARG_WEIGHTS, filled(inputs, "weight", convolution.weights_desc())},
                                    {DNNL_ARG_BIAS, filled(inputs, "bias", convolution.bias_desc())},
                                    {DNNL_ARG_DST, y}});
    if (!layer_.pool) return;
    const auto pool = primitives_.pool(prop_kind::forward_inference, convolution.dst_desc());
    results_ = {fresh(pool.dst_desc())};
    add<dnnl::pooling_forward>(pool, {{DNNL_ARG_SRC, y}, {DNNL_ARG_DST, results_[0]}});
  }

  // The gradient of the convolution's result, in the layout that its gradients want it in.
  Memory gradient_of_convolution(const NamedTensors& inputs, const Memory::desc& z) {
    if (!layer_.pool && !layer_.activation) return filled(inputs, "dy", z);
    Memory dz = fresh(z), dy = dz;
    if (layer_.pool)
      add_pool_backward(inputs, dz);
    else
      dy = filled(inputs, "dy", z);
    if (layer_.activation)
      add<dnnl::eltwise_backward>(
          primitives_.activation_backward(z),
          {{DNNL_ARG_DST, filled(inputs, "y", z)}, {DNNL_ARG_DIFF_DST, dy}, {DNNL_ARG_DIFF_SRC, dz}});
    return dz;
  }

  void add_pool_backward(const NamedTensors& inputs, const Memory& dz) {
    const auto forward = primitives_.pool(prop_kind::forward_training, dz.get_desc());
    const auto backward = primitives_.pool_backward(dz.get_desc(), forward);
    Arguments arguments = {{DNNL_ARG_DIFF_DST, filled(inputs, "dy", backward.diff_dst_desc())},
                           {DNNL_ARG_DIFF_SRC, dz}};
    if (layer_.pool->op == OpKind::max_pool2d) {
      const Memory workspace = fresh(forward.workspace_desc());
      dnnl::pooling_forward(forward).execute(stream_, {{DNNL_ARG_SRC, filled(inputs, "z", dz.get_desc())},
                                                       {DNNL_ARG_DST, fresh(forward.dst_desc())},
                                                       {DNNL_ARG_WORKSPACE, workspace}});
      stream_.wait();
      arguments.emplace(DNNL_ARG_WORKSPACE, workspace);
    }
    add<dnnl::pooling_backward>(backward, std::move(arguments));
  }

  void prepare_backward_data(const NamedTensors& inputs) {
    const auto backward = primitives_.backward_data();
    const Memory dz = gradient_of_convolution(inputs, backward.diff_dst_desc());
    results_ = {fresh(backward.diff_src_desc())};
    add<dnnl::convolution_backward_data>(
        backward, {{DNNL_ARG_WEIGHTS, filled(inputs, "weight", backward.weights_desc())},
                   {DNNL_ARG_DIFF_DST, dz},
                   {DNNL_ARG_DIFF_SRC, results_[0]}});
  }

  void prepare_backward_weights(const NamedTensors& inputs) {
    const auto backward = primitives_.backward_weights();
    const Memory dz = gradient_of_convolution(inputs, backward.diff_dst_desc());
    results_ = {fresh(backward.diff_weights_desc()), fresh(backward.diff_bias_desc())};
    add<dnnl::convolution_backward_weights>(backward,
                                            {{DNNL_ARG_SRC, filled(inputs, "x", backward.src_desc())},
                                             {DNNL_ARG_DIFF_DST, dz},
                                             {DNNL_ARG_DIFF_WEIGHTS, results_[0]},
                                             {DNNL_ARG_DIFF_BIAS, results_[1]}});
  }

  Layer layer_;
  int threads_;
  dnnl::engine engine_;
  dnnl::stream stream_;
  Primitives primitives_;
  std::vector<std::pair<dnnl::primitive, Arguments>> calls_;
  std::vector<Memory> results_;
  std::string label_;
};

}  // namespace

bool OnednnAlone::has_winograd(const Layer& layer, Work work) try {
  const Primitives primitives(layer, algorithm::convolution_winograd,
                              dnnl::engine(dnnl::engine::kind::cpu, 0));
  if (work == Work::forward)
    primitives.forward(prop_kind::forward_inference, true);
  else if (work == Work::backward_data)
    primitives.backward_data();
  else
    primitives.backward_weights();
  return true;
} catch (const dnnl::error&) {
  return false;
}

std::unique_ptr<Contestant> OnednnAlone::make(const Layer& layer, Work work, Algorithm algorithm,
                                              const NamedTensors& inputs, std::span<const int> processors) {
  return std::make_unique<OnednnContestant>(layer, work, convolution_algorithm(algorithm), inputs,
                                            processors);
}

}  // namespace sinter::bench
