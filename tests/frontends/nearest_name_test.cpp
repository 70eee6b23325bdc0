#include "frontends/sinter/nearest_name.h"

#include <gtest/gtest.h>

#include <array>

namespace sinter::language {
namespace {

constexpr std::array<std::string_view, 5> names = {"conv2d", "relu", "leaky_relu", "max_pool2d",
                                                   "avg_pool2d"};

TEST(NearestName, ForgivesAFewLettersAndCase) {
  EXPECT_EQ(did_you_mean("con2d", names), "; did you mean conv2d?");
  EXPECT_EQ(did_you_mean("Conv2D", names), "; did you mean conv2d?");
  EXPECT_EQ(did_you_mean("maxpool2d", names), "; did you mean max_pool2d?");
  EXPECT_EQ(did_you_mean("rleu", names), "");  // two of four letters
}

TEST(NearestName, TakesAStemForTheName) { EXPECT_EQ(did_you_mean("conv", names), "; did you mean conv2d?"); }

TEST(NearestName, DoesNotGuessWildly) {
  EXPECT_EQ(did_you_mean("attention", names), "");
  EXPECT_EQ(did_you_mean("x", names), "");
  EXPECT_EQ(did_you_mean(std::string(1000000, 'r'), names), "");
}

}  // namespace
}  // namespace sinter::language
