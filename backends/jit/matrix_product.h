#pragma once

#include <optional>
#include <string>
#include <vector>

#include "backends/jit/product_form.h"

namespace sinter::jit {

/// A body that is linear or matmul with elementwise ops behind it: C[r, m] = bias[m] + sum over d of
/// A[r, d] B[d, m], for each of `batch` matrices. The rows of linear are all leading dimensions together.
struct MatrixProduct {
  ProductForm form;
  ValueId a, b, bias;          ///< of the body; bias may be absent
  std::vector<int64_t> batch;  ///< leading dimensions of matmul's result
  int64_t rows = 0, columns = 0, depth = 0;
  bool transposed_a = false, transposed_b = false;  ///< they lie so in memory

  double multiply_adds() const;
  /// Whether dimension 0 of a and of the result are samples that may be lanes.
  bool rows_are_samples(const Graph& body) const;
};

/// Nothing where the body is something else; `why` then says what.
std::optional<MatrixProduct> matrix_product(const Graph& body, std::string* why = nullptr);

}  // namespace sinter::jit
