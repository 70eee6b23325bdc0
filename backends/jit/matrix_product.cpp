#include "backends/jit/matrix_product.h"

namespace sinter::jit {
namespace {

constexpr OpKind products[] = {OpKind::linear, OpKind::matmul};
constexpr ProductKind matrix_kind = {products, "matrix product"};

void read_linear(MatrixProduct& found, const Graph& body, const Node& linear) {
  const auto weight = sizes(body.type(found.b).shape);
  found.transposed_b = true;
  found.columns = weight[0];
  found.depth = weight[1];
  found.rows = element_count(body.type(found.form.made).shape) / std::max<int64_t>(1, found.columns);
  if (linear.operands.size() > 2) found.bias = linear.operands[2];
}

void read_matmul(MatrixProduct& found, const Graph& body, const Node& matmul) {
  found.transposed_a = matmul.attributes.boolean("transpose_a");
  found.transposed_b = matmul.attributes.boolean("transpose_b");
  const auto a = sizes(body.type(found.a).shape), c = sizes(body.type(found.form.made).shape);
  found.rows = c[c.size() - 2];
  found.columns = c.back();
  found.depth = a[a.size() - (found.transposed_a ? 2 : 1)];
  found.batch.assign(c.begin(), c.end() - 2);
}

}  // namespace

double MatrixProduct::multiply_adds() const {
  double product = static_cast<double>(rows) * static_cast<double>(columns) * static_cast<double>(depth);
  for (const int64_t size : batch) product *= static_cast<double>(size);
  return product;
}

bool MatrixProduct::rows_are_samples(const Graph& body) const {
  return body.type(form.made).shape.size() == 2 && !transposed_a;
}

std::optional<MatrixProduct> matrix_product(const Graph& body, std::string* why) {
  MatrixProduct found;
  if (const auto refused = refuses_product(body, matrix_kind, &found.form)) {
    if (why != nullptr) *why = *refused;
    return std::nullopt;
  }
  const Node& product = body.node(found.form.product);
  found.a = product.operands[0];
  found.b = product.operands[1];
  product.op == OpKind::linear ? read_linear(found, body, product) : read_matmul(found, body, product);
  return found;
}

}  // namespace sinter::jit
