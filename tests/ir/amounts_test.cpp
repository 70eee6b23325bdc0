#include "ir/amounts.h"

#include <gtest/gtest.h>

namespace sinter {
namespace {

TEST(Amounts, BytesInUnitsOf1024) {
  EXPECT_EQ(byte_size(0), "0 B");
  EXPECT_EQ(byte_size(1023), "1023 B");
  EXPECT_EQ(byte_size(1024), "1.0 KiB");
  EXPECT_EQ(byte_size(int64_t{5} << 29), "2.5 GiB");
}

TEST(Amounts, CountsWithCommasAndPrefixes) {
  EXPECT_EQ(with_thousands(61706), "61,706");
  EXPECT_EQ(with_thousands(999), "999");
  EXPECT_EQ(with_prefix(845888), "845.9 k");
}

TEST(Amounts, RoundedToSixDigits) {
  EXPECT_EQ(rounded(72886.297376093296), 72886.3);
  EXPECT_EQ(rounded(0.012345678901234567), 0.0123457);
  EXPECT_EQ(rounded(0), 0);
  EXPECT_EQ(rounded(1234567890), 1234570000);
}

}  // namespace
}  // namespace sinter
