#include "ir/tensor.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace sinter {
namespace {

using Sizes = std::vector<int64_t>;

TEST(Tensor, StartsAtZeroOnACacheLine) {
  for (const auto& shape : {Sizes{}, Sizes{3, 5}, Sizes{0, 4}}) {
    const Tensor tensor(DType::f32, shape);
    EXPECT_TRUE(tensor.defined());
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(tensor.data()) % 64, 0U);
    for (const float value : tensor.values<float>()) EXPECT_EQ(value, 0);
  }
  EXPECT_FALSE(Tensor().defined());
}

TEST(Tensor, CountsAndBytes) {
  const Tensor tensor(DType::i64, {2, 3, 4});
  EXPECT_EQ(tensor.count(), 24);
  EXPECT_EQ(tensor.bytes(), 192);
  EXPECT_EQ(to_string(tensor.type()), "i64[2, 3, 4]");
  EXPECT_EQ(Tensor(DType::f32, {}).count(), 1) << "a scalar";
  EXPECT_EQ(Tensor(DType::f32, {7, 0}).count(), 0);
}

TEST(Tensor, ElementsOfEveryType) {
  for (const DType type : {DType::f32, DType::f64, DType::i8, DType::u8, DType::i32, DType::i64}) {
    Tensor tensor(type, {3});
    tensor.set(1, 42);
    EXPECT_EQ(tensor.at(0), 0) << to_string(type);
    EXPECT_EQ(tensor.at(1), 42) << to_string(type);
  }
  EXPECT_EQ(Tensor::scalar(DType::boolean, 1).at(0), 1);
  EXPECT_TRUE(Tensor::scalar(DType::boolean, 1).values<bool>()[0]);
}

TEST(Tensor, CopiesShareAndClonesDoNot) {
  Tensor tensor = Tensor::of<float>({2}, {1, 2});
  Tensor shared = tensor, own = tensor.clone();
  const Tensor flat = tensor.reshaped({1, 2});
  tensor.set(0, 9);
  EXPECT_EQ(shared.at(0), 9);
  EXPECT_EQ(flat.at(0), 9);
  EXPECT_EQ(flat.shape(), (Sizes{1, 2}));
  EXPECT_EQ(own.at(0), 1);
}

TEST(Tensor, Cast) {
  const Tensor cast = Tensor::of<double>({3}, {1.75, -2.5, 0}).cast(DType::i32);
  EXPECT_EQ(cast, (Tensor::of<int32_t>({3}, {1, -2, 0})));
}

TEST(Tensor, EqualityIsOfTypeAndBits) {
  const Tensor a = Tensor::of<float>({2}, {1, 2});
  EXPECT_EQ(a, a.clone());
  EXPECT_NE(a, (Tensor::of<float>({2}, {1, 3})));
  EXPECT_NE(a, a.reshaped({2, 1}));
  EXPECT_NE(a, a.cast(DType::f64));
  EXPECT_NE(a, Tensor());
  EXPECT_EQ(Tensor(), Tensor());
  EXPECT_NE(Tensor::scalar(DType::f32, 0.0), Tensor::scalar(DType::f32, -0.0));
  const Tensor nan = Tensor::scalar(DType::f32, std::numeric_limits<float>::quiet_NaN());
  EXPECT_EQ(nan, nan.clone());
}

TEST(Tensor, RefusesWhatCannotBe) {
  EXPECT_THROW(Tensor(DType::f32, Sizes(9, 1)), InputError);
  EXPECT_THROW(Tensor(DType::f32, {INT64_MAX, 2}), InputError);
  EXPECT_THROW(Tensor(DType::f32, {int64_t{1} << 31, int64_t{1} << 31}), InputError);
  EXPECT_THROW(Tensor(DType::f32, {-1}), InputError);
  EXPECT_THROW(Tensor(DType::f32, {0, -1}), InputError);
}

TEST(Tensor, GuardsItsElements) {
  Tensor tensor(DType::f32, {2});
  EXPECT_THROW(tensor.values<double>(), InternalError);
  EXPECT_THROW(tensor.at(2), InternalError);
  EXPECT_THROW(tensor.at(-1), InternalError);
  EXPECT_THROW(tensor.set(2, 0), InternalError);
  EXPECT_THROW(tensor.reshaped({3}), InternalError);
  EXPECT_THROW((Tensor::of<float>({3}, {1, 2})), InternalError);
}

}  // namespace
}  // namespace sinter
