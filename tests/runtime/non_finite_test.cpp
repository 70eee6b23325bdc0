#include "runtime/non_finite.h"

#include <gtest/gtest.h>

#include <limits>

#include "ir/text.h"

namespace sinter {
namespace {

Tensor half_of(DType dtype, uint16_t bits) {
  Tensor tensor(dtype, {3});
  static_cast<uint16_t*>(tensor.data())[2] = bits;
  return tensor;
}

TEST(NonFinite, FindsNanAndInfinityInEveryFloatingType) {
  constexpr double infinity = std::numeric_limits<double>::infinity(), nan = std::nan("");
  EXPECT_EQ(non_finite(Tensor::of<float>({2}, {1, -3e38F})), std::nullopt);
  EXPECT_EQ(non_finite(Tensor::of<float>({2}, {1, std::nanf("")})), "nan");
  EXPECT_EQ(non_finite(Tensor::of<double>({2}, {-infinity, nan})), "infinity");
  EXPECT_EQ(non_finite(half_of(DType::f16, 0x7BFF)), std::nullopt);  // the largest number
  EXPECT_EQ(non_finite(half_of(DType::f16, 0xFC00)), "infinity");
  EXPECT_EQ(non_finite(half_of(DType::f16, 0x7C01)), "nan");
  EXPECT_EQ(non_finite(half_of(DType::bf16, 0x7F7F)), std::nullopt);
  EXPECT_EQ(non_finite(half_of(DType::bf16, 0x7F80)), "infinity");
  EXPECT_EQ(non_finite(half_of(DType::bf16, 0xFFC0)), "nan");
  EXPECT_EQ(non_finite(Tensor::of<int64_t>({1}, {std::numeric_limits<int64_t>::min()})), std::nullopt);
}

TEST(NonFinite, NamesTheFirstTensor) {
  NamedTensors tensors;
  tensors.emplace("0.bias", Tensor::of<float>({1}, {1}));
  EXPECT_EQ(first_non_finite(tensors), std::nullopt);
  tensors.emplace("0.weight", Tensor::of<float>({1}, {std::nanf("")}));
  tensors.emplace("1.weight", Tensor::of<float>({1}, {std::nanf("")}));
  EXPECT_EQ(first_non_finite(tensors), "0.weight holds nan");
}

TEST(NonFinite, OfAStepNamesTheInputBeforeAnyNode) {
  const Graph graph = parse("graph f(%x: f32[2]) -> (f32[2]) { %1 = exp(%x) : f32[2] @ \"0\" return %1 }");
  const auto found = [&](float x) {
    const Tensor input = Tensor::of<float>({2}, {0, x});
    return first_non_finite_node(graph, std::span(&input, 1), Weights{});
  };
  EXPECT_EQ(found(std::nanf("")), "input x holds nan");
  EXPECT_EQ(found(1000), "exp of \"0\" (node 0) first made infinity");
}

}  // namespace
}  // namespace sinter
