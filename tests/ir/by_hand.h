#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/ir/evaluated.h"

/// What tests with values computed by hand are written in.
namespace sinter {

using Numbers = std::vector<double>;
using Sizes = std::vector<int64_t>;
inline constexpr float nan = std::numeric_limits<float>::quiet_NaN();
inline constexpr float infinity = std::numeric_limits<float>::infinity();

inline std::vector<Tensor> apply_all(OpKind op, const std::vector<std::optional<Tensor>>& operands,
                                     const std::vector<Attributes::Named>& attributes = {}) {
  return evaluate(op, Attributes(op, attributes), operands);
}

/// The first result.
inline Tensor apply_one(OpKind op, const std::vector<std::optional<Tensor>>& operands,
                        const std::vector<Attributes::Named>& attributes = {}) {
  return apply_all(op, operands, attributes).front();
}

/// NaN equals NaN here.
inline void expect_elements(const Tensor& tensor, const Numbers& expected) {
  ASSERT_EQ(tensor.count(), static_cast<int64_t>(expected.size()));
  for (int64_t i = 0; i < tensor.count(); ++i) {
    const bool both_nan = std::isnan(tensor.at(i)) && std::isnan(expected[i]);
    EXPECT_TRUE(both_nan || tensor.at(i) == expected[i]) << "element " << i << " is " << tensor.at(i);
  }
}

}  // namespace sinter
