#include "backends/jit/sparse_weight_results.h"

namespace sinter::jit {
namespace {

SparseForm form_of(const Graph& body) {
  SparseForm form;
  refuses_sparse(body, OpKind::conv2d_backward_weights, &form);
  return form;
}

}  // namespace

SparseWeights::SparseWeights(const Graph& graph, const Node& node)
    : kernel(graph, node),
      form(form_of(kernel.body())),
      size(form.convolution),
      lanes(size),
      cut(choose_cut(size, kernel.type(x()).layout, kernel.type(form.dy))),
      sums(size, cut) {}

void SparseWeights::over_channels(const Index& o_tile, const KernelBuilder::Body& body) {
  kernel.k.loop("o", std::vector<Index>{0},
                {cut.channels(size), size.o - o_tile * (cut.blocks * vector_size)}, body);
}

void SparseWeights::over_planes(const Index& plane_tile, const KernelBuilder::Body& body) {
  kernel.k.loop("plane", std::vector<Index>{0}, {cut.planes, lanes.planes - plane_tile * cut.planes}, body);
}

TileSums sums_in_scratch(SparseWeights& own) {
  const int64_t bias_bytes = own.cut.groups * own.bias_elements() * size_of(DType::f32);
  return {own.kernel.k.scratch("sums", DType::f32, own.cut.groups * own.sums.group_elements(), bias_bytes),
          own.kernel.k.scratch("bias_sums", DType::f32, own.cut.groups * own.bias_elements(), 0),
          {},
          {}};
}

ResultWriter::ResultWriter(SparseWeights& own, const TileSums& sums, const Index& o_tile,
                           const Index& plane_tile)
    : own_(own),
      k_(own.kernel.k),
      size_(own.size),
      sums_(sums),
      o_tile_(o_tile),
      plane_tile_(plane_tile),
      dw_(own.kernel.buffer(own.kernel.body().node(own.form.product).results[0])) {}

void ResultWriter::write(const Index& o) {
  const Index row = o_tile_ * (own_.cut.blocks * vector_size) + o;
  own_.lanes.flat ? store_elements(row, o) : store_channels(row, o);
  if (own_.form.bias)
    k_.when({Index(0) - plane_tile_}, [&] {
      const Expr sum = added(sums_.bias, sums_.first_bias + o * vector_size, own_.bias_elements(), true);
      k_.store({.buffer = own_.kernel.buffer(*own_.form.bias), .index = row}, k_.apply(Op::sum_lanes, {sum}));
    });
}

Expr ResultWriter::added(BufferId buffer, const Index& first, int64_t group_elements, bool vector) const {
  Expr sum = k_.load({.buffer = buffer, .index = first}, vector);
  for (int64_t group = 1; group < own_.cut.groups; ++group)
    sum = sum + k_.load({.buffer = buffer, .index = first + group * group_elements}, vector);
  return sum;
}

Expr ResultWriter::weights(const Index& at, bool vector) const {
  return added(sums_.weights, sums_.first + at, own_.sums.group_elements(), vector);
}

void ResultWriter::store_channels(const Index& row, const Index& o) {
  const int64_t taps = size_.kh * size_.kw;
  own_.over_planes(plane_tile_, [&](Index plane) {
    const Index first = (plane_tile_ * own_.cut.planes + plane) * vector_size;
    k_.loop("tap", 0, taps, [&](Index tap) {
      Access to{.buffer = dw_, .index = (row * size_.c + first) * taps + tap, .lane_stride = taps};
      if (size_.c % vector_size != 0) to.count = size_.c - first;
      k_.store(to, weights(own_.sums.at(plane, o, tap), true));
    });
  });
}

void ResultWriter::store_elements(const Index& row, const Index& o) {
  k_.loop("ky", 0, size_.kh, [&](Index ky) {
    k_.loop("kx", 0, size_.kw, [&](Index kx) {
      k_.loop("c", 0, size_.c, [&](Index c) {
        const Index from = own_.sums.at(0, o, ky * own_.lanes.row_vectors) + kx * size_.c + c;
        k_.store({.buffer = dw_, .index = ((row * size_.c + c) * size_.kh + ky) * size_.kw + kx},
                 weights(from, false));
      });
    });
  });
}

}  // namespace sinter::jit
