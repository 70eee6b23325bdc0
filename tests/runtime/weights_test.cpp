#include "runtime/weights.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "ir/text.h"

namespace sinter {
namespace {

Tensor counted(std::vector<int64_t> shape) {
  Tensor tensor(DType::f32, std::move(shape));
  for (int64_t i = 0; i < tensor.count(); ++i) tensor.set(i, static_cast<double>(i + 1));
  return tensor;
}

Weights with_w() { return Weights({{"w", counted({2, 3})}}); }

const Type blocked{DType::f32, {2, 3}, Layout::parse("aB4b")};
const Type turned{DType::f32, {2, 3}, Layout::parse("ba")};

std::vector<float> elements(const Weights::Copy& copy) {
  const auto* const data = static_cast<const float*>(copy.data());
  return {data, data + copy.type().bytes() / static_cast<int64_t>(sizeof(float))};
}

void add_one(Weights::Copy& copy) {
  auto* const data = static_cast<float*>(copy.data());
  for (int64_t row = 0; row < 2; ++row)
    for (int64_t column = 0; column < 3; ++column) data[4 * row + column] += 1;
  Weights::written(copy);
}

TEST(Weights, ACopyHoldsTheValueInItsLayout) {
  Weights weights = with_w();
  EXPECT_EQ(elements(weights.copy("w", blocked)), (std::vector<float>{1, 2, 3, 0, 4, 5, 6, 0}));
  EXPECT_EQ(elements(weights.copy("w", turned)), (std::vector<float>{1, 4, 2, 5, 3, 6}));
  EXPECT_EQ(&weights.copy("w", blocked), &weights.copy("w", blocked)) << "one copy for a layout";
}

TEST(Weights, TheNewestCopyCounts) {
  Weights weights = with_w();
  Weights::Copy &first = weights.copy("w", blocked), &second = weights.copy("w", turned);
  add_one(first);
  EXPECT_EQ(elements(second), (std::vector<float>{1, 4, 2, 5, 3, 6})) << "as long as nobody asks";
  Weights::refresh(second);
  EXPECT_EQ(elements(second), (std::vector<float>{2, 5, 3, 6, 4, 7}));
  EXPECT_EQ(weights.at("w"), Tensor::of<float>({2, 3}, {2, 3, 4, 5, 6, 7}));
  add_one(first);
  EXPECT_EQ(weights.at("w"), Tensor::of<float>({2, 3}, {3, 4, 5, 6, 7, 8}));
}

TEST(Weights, APlainCopyInUseStaysWhereItIs) {
  Weights weights = with_w();
  Weights::Copy &plain = weights.copy("w", {DType::f32, {2, 3}, {}}), &other = weights.copy("w", blocked);
  const void* const place = plain.data();
  add_one(other);
  Weights::refresh(plain);
  EXPECT_EQ(plain.data(), place);
  EXPECT_EQ(elements(plain), (std::vector<float>{2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(weights.at("w").data(), place);
}

TEST(Weights, CopiesOfTheHandleShareTheValues) {
  const Weights weights = with_w();
  Weights other = weights;
  add_one(other.copy("w", blocked));
  other.add("v", counted({1}));
  EXPECT_EQ(weights.at("w").at(0), 2);
  EXPECT_TRUE(weights.contains("v"));
  EXPECT_EQ(weights.tensors().size(), 2u);
}

TEST(Weights, AValueThatIsSetReachesEveryCopy) {
  Weights weights = with_w();
  Weights::Copy& copy = weights.copy("w", turned);
  Tensor given = counted({2, 3});
  given.set(0, 9);
  weights.set("w", given);
  given.set(0, 8);  // it was copied
  Weights::refresh(copy);
  EXPECT_EQ(elements(copy), (std::vector<float>{9, 4, 2, 5, 3, 6}));
  add_one(weights.copy("w", blocked));  // lets the plain copy go
  weights.set("w", counted({2, 3}));
  EXPECT_EQ(weights.at("w"), counted({2, 3}));
  EXPECT_THROW(weights.set("w", counted({3})), InternalError);
}

TEST(Weights, AValueCanBeRemoved) {
  Weights weights = with_w();
  weights.add("w.velocity", counted({2, 3}));
  EXPECT_EQ(weights.names(), (std::vector<std::string>{"w", "w.velocity"}));
  weights.remove("w.velocity");
  EXPECT_EQ(weights.names(), std::vector<std::string>{"w"});
  EXPECT_THROW(weights.remove("w.velocity"), InternalError);
}

TEST(Weights, NeedsKnownNamesAndTypes) {
  Weights weights = with_w();
  EXPECT_FALSE(weights.contains("v"));
  EXPECT_THROW(weights.at("v"), InternalError);
  EXPECT_THROW(weights.copy("w", {DType::f32, {3, 2}, {}}), InternalError);
  EXPECT_THROW(weights.add("w", counted({1})), InternalError);
}

std::shared_ptr<const Graph> doubled() {
  return std::make_shared<const Graph>(
      parse("graph f() -> (f32[2, 3]) {\n  param %w: f32[2, 3]\n"
            "  %1 = add(%w, %w) : f32[2, 3]\n  return %1\n}"));
}

TEST(Weights, ADerivedValueFollowsWhatItIsMadeOf) {
  Weights weights = with_w();
  EXPECT_FALSE(weights.holds(*doubled(), turned));
  Weights::Copy& copy = weights.derived(doubled(), turned);
  EXPECT_TRUE(weights.holds(*doubled(), turned));
  EXPECT_EQ(elements(copy), (std::vector<float>{2, 8, 4, 10, 6, 12}));
  add_one(weights.copy("w", blocked));
  EXPECT_EQ(elements(copy), (std::vector<float>{2, 8, 4, 10, 6, 12})) << "as long as nobody asks";
  Weights::refresh(copy);
  EXPECT_EQ(elements(copy), (std::vector<float>{4, 10, 6, 12, 8, 14}));
  EXPECT_EQ(weights.tensors().size(), 1U) << "no file has it";
}

TEST(Weights, EqualDefinitionsShareADerivedValue) {
  Weights weights = with_w();
  Weights::Copy& copy = weights.derived(doubled(), turned);
  EXPECT_EQ(&weights.derived(doubled(), turned), &copy);
  Weights::Copy& other = weights.derived(doubled(), blocked);
  EXPECT_NE(&other, &copy);
  EXPECT_EQ(elements(other), (std::vector<float>{2, 4, 6, 0, 8, 10, 12, 0}));
}

TEST(Weights, APlainDerivedCopyStaysWhereItIs) {
  Weights weights = with_w();
  Weights::Copy& copy = weights.derived(doubled(), {DType::f32, {2, 3}, {}});
  const void* const place = copy.data();
  add_one(weights.copy("w", blocked));
  Weights::refresh(copy);
  EXPECT_EQ(copy.data(), place);
  EXPECT_EQ(elements(copy), (std::vector<float>{4, 6, 8, 10, 12, 14}));
}

}  // namespace
}  // namespace sinter
