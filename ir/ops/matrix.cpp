#include "ir/ops/matrix.h"

#include <algorithm>
#include <array>

#include "ir/build.h"
#include "ir/ops/dot.h"

namespace sinter::ops {
namespace {

// One product C[M, N] = A[M, K] B[K, N]; either may lie transposed. Strides are in elements.
struct Product {
  int64_t n, k;
  int64_t a_row, a_col;  ///< from A[m, k] to A[m + 1, k] and A[m, k + 1]
  int64_t b_row, b_col;
};

template <typename T>
void multiply_row(T* c, const T* a, const T* b, const Product& p) {
  if (p.b_row == 1) {  // B lies transposed (or has one column): its columns are contiguous
    for (int64_t n = 0; n < p.n; ++n) c[n] += dot(b + n * p.b_col, a, p.k, p.a_col);
    return;
  }
  for (int64_t k = 0; k < p.k; ++k) {
    const T scale = a[k * p.a_col];
    const T* row = b + k * p.b_row;
    for (int64_t n = 0; n < p.n; ++n) c[n] += scale * row[n];
  }
}

struct Dims {
  Dim rows, cols;
};

Dims last_two(const Shape& shape, bool transposed) {
  const Dim &r = shape[shape.size() - 2], &c = shape[shape.size() - 1];
  return transposed ? Dims{c, r} : Dims{r, c};
}

Shape batch_of(const Shape& shape) { return {shape.begin(), shape.end() - 2}; }

// Index of the matrix of `operand` that belongs to batch `index` of the result, sizes of 1 repeating.
int64_t batch_index(int64_t index, std::span<const int64_t> result, std::span<const int64_t> operand) {
  int64_t found = 0, step = 1;
  for (size_t back = 3; back <= result.size(); ++back) {
    const int64_t size = result[result.size() - back], at = index % size;
    index /= size;
    if (back > operand.size()) continue;
    const int64_t own = operand[operand.size() - back];
    if (own != 1) found += at * step;
    step *= own;
  }
  return found;
}

}  // namespace

std::vector<Type> infer_linear(const Inference& in) {
  Shape shape = in[0].shape;
  shape.back() = in[1].shape[0];
  return {{in[0].dtype, std::move(shape), {}}};
}

std::vector<Type> infer_matmul(const Inference& in) {
  const Shape &a = in[0].shape, &b = in[1].shape;
  if (a.size() < 2 || b.size() < 2) in.reject("both operands need at least two dimensions");
  const Dims left = last_two(a, in.attributes().boolean("transpose_a"));
  const Dims right = last_two(b, in.attributes().boolean("transpose_b"));
  if (left.cols != right.rows)
    in.reject(fmt::format("a has {} columns, b has {} rows", to_string(left.cols), to_string(right.rows)),
              "a.columns == b.rows");
  try {
    Shape shape = broadcast(batch_of(a), batch_of(b));
    shape.push_back(left.rows);
    shape.push_back(right.cols);
    return {{in[0].dtype, std::move(shape), {}}};
  } catch (const InputError& error) {
    in.reject(error.message(), "all dimensions but the last two broadcast");
  }
}

OperandGradients linear_gradient(const Differentiation& d) {
  Value x = d.x(0), dy = *d.gradients[0];
  const Value weight = d.x(1);
  Shape dx_shape = x.shape();
  if (x.shape().size() != 2) {
    x = reshape(x, {-1, x.shape().back().size});
    dy = reshape(dy, {-1, dy.shape().back().size});
  }
  const Value dx = matmul(dy, weight);
  OperandGradients result = {dx.shape() == dx_shape ? dx : reshape(dx, sizes(dx_shape)),
                             matmul(dy, x, {.transpose_a = true})};
  if (d.has(2)) result.push_back(sum(dy, {.axes = {0}}));
  return result;
}

OperandGradients matmul_gradient(const Differentiation& d) {
  const Value a = d.x(0), b = d.x(1), dy = *d.gradients[0];
  const bool ta = d.attributes.boolean("transpose_a"), tb = d.attributes.boolean("transpose_b");
  const Value da =
      ta ? matmul(b, dy, {.transpose_a = tb, .transpose_b = true}) : matmul(dy, b, {.transpose_b = !tb});
  const Value db =
      tb ? matmul(dy, a, {.transpose_a = true, .transpose_b = ta}) : matmul(a, dy, {.transpose_a = !ta});
  return {sum_to_shape_of(da, a), sum_to_shape_of(db, b)};
}

// A unit is one row of the output.
void evaluate_linear(const Evaluation& e, int64_t begin, int64_t end) {
  const TensorView &x = e.operands[0], &weight = e.operands[1], &y = e.results[0];
  const TensorView bias = e.operands.size() > 2 ? e.operands[2] : TensorView{};
  const int64_t outputs = weight.dim(0), inputs = weight.dim(1);
  const Product product{outputs, inputs, inputs, 1, 1, inputs};
  dispatch_floating(x.dtype, [&]<typename T>() {
    for (int64_t row = begin; row < end; ++row) {
      T* out = y.as<T>() + row * outputs;
      if (bias.present())
        std::copy_n(bias.as<T>(), outputs, out);
      else
        std::fill_n(out, outputs, T(0));
      multiply_row(out, x.as<T>() + row * inputs, weight.as<T>(), product);
    }
  });
}

// A unit is one row of one matrix of the output.
void evaluate_matmul(const Evaluation& e, int64_t begin, int64_t end) {
  const TensorView &a = e.operands[0], &b = e.operands[1], &y = e.results[0];
  const bool ta = e.attributes.boolean("transpose_a"), tb = e.attributes.boolean("transpose_b");
  const size_t rank = y.shape.size();
  const int64_t rows = y.dim(rank - 2), cols = y.dim(rank - 1);
  const int64_t a_cols = a.shape[a.shape.size() - 1], b_cols = b.shape[b.shape.size() - 1];
  const int64_t depth = ta ? a.shape[a.shape.size() - 2] : a_cols;
  const Product product{cols, depth, ta ? 1 : a_cols, ta ? a_cols : 1, tb ? 1 : b_cols, tb ? b_cols : 1};
  dispatch_floating(a.dtype, [&]<typename T>() {
    for (int64_t unit = begin; unit < end; ++unit) {
      const int64_t batch = unit / rows, row = unit % rows;
      T* out = y.as<T>() + unit * cols;
      std::fill_n(out, cols, T(0));
      multiply_row(out, a.as<T>() + batch_index(batch, y.shape, a.shape) * rows * depth + row * product.a_row,
                   b.as<T>() + batch_index(batch, y.shape, b.shape) * depth * cols, product);
    }
  });
}

double linear_flops(const Attributes&, std::span<const std::optional<Type>> operands,
                    std::span<const Type> results) {
  return 2.0 * operands[1]->shape[1].size * per_sample_count(results[0].shape);
}

double matmul_flops(const Attributes& attributes, std::span<const std::optional<Type>> operands,
                    std::span<const Type> results) {
  const Dims a = last_two(operands[0]->shape, attributes.boolean("transpose_a"));
  return 2.0 * per_sample_count({a.cols}) * per_sample_count(results[0].shape);
}

}  // namespace sinter::ops
