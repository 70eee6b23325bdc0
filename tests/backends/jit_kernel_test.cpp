#include <gtest/gtest.h>

#include "backends/jit/kernel_builder.h"
#include "backends/jit/verify_kernel.h"
#include "ir/error.h"

namespace sinter::jit {
namespace {

Type f32_type(int64_t elements) { return {DType::f32, {elements}, {}}; }

struct Scaled {
  KernelBuilder builder{"scaled"};
  BufferId x = builder.argument("x", f32_type(64), 0), y = builder.argument("y", f32_type(64), 1);
  Index block = builder.parallel({{"block", 4}})[0];

  void store(const Access& from, const Access& to) {
    builder.store(to, builder.load(from, true) * builder.number(DType::f32, 2, true));
  }
};

TEST(JitKernel, PrintsAsItReads) {
  Scaled scaled;
  scaled.store({.buffer = scaled.x, .index = 16 * scaled.block},
               {.buffer = scaled.y, .index = 16 * scaled.block});
  const Kernel kernel = scaled.builder.finish();
  verify_kernel(kernel);
  EXPECT_EQ(kernel.units(), 4);
  EXPECT_EQ(to_string(kernel), R"(kernel scaled(x: f32[64] = buffers[0], y: f32[64] = buffers[1]) {
  parallel block in 0..4 {
    y[16*block : 16] = (x[16*block : 16] * 2)
  }
}
)");
}

// What the verifier says of a kernel that breaks a rule: its first line.
std::string refusal(KernelBuilder& builder) {
  try {
    verify_kernel(builder.finish());
  } catch (const InternalError& error) {
    const std::string text = error.what();
    return text.substr(0, text.find('\n'));
  }
  return "none";
}

TEST(JitKernel, AccessesStayInTheirBuffers) {
  const auto with = [](const Index& from, const Index& to, std::optional<Index> count = {}) {
    Scaled scaled;
    const auto at = [&](const Index& offset) { return 16 * scaled.block + offset; };
    scaled.store({.buffer = scaled.x, .index = at(from), .count = count},
                 {.buffer = scaled.y, .index = at(to), .count = count});
    return refusal(scaled.builder);
  };
  EXPECT_EQ(with(0, 0), "none");
  EXPECT_NE(with(-1, 0).find("x is accessed before its begin"), std::string::npos) << with(-1, 0);
  EXPECT_NE(with(1, 0).find("x is accessed after its end"), std::string::npos) << with(1, 0);
  EXPECT_NE(with(0, 1).find("y is accessed after its end"), std::string::npos) << with(0, 1);
  EXPECT_EQ(with(1, 1, 15), "none");  // the last lane is left out
}

TEST(JitKernel, ConditionsAndBoundsAreBelieved) {
  const auto with = [](int64_t last) {
    Scaled scaled;
    scaled.builder.loop("i", 0, 8, [&](const Index& i) {
      const Index at = 16 * scaled.block + 4 * i;
      scaled.builder.when({last - at}, [&] {
        scaled.store({.buffer = scaled.x, .index = at}, {.buffer = scaled.y, .index = at});
      });
    });
    return refusal(scaled.builder);
  };
  EXPECT_EQ(with(48), "none");
  EXPECT_NE(with(49).find("is accessed after its end"), std::string::npos) << with(49);
}

TEST(JitKernel, TilesAreIndexedByConstantsWithinThem) {
  const auto with = [](bool unrolled, int64_t count) {
    Scaled scaled;
    const TileHandle tile = scaled.builder.tile("t", DType::f32, true, {2});
    const auto set = [&](const Index& i) { tile.set({i}, scaled.builder.number(DType::f32, 1, true)); };
    if (unrolled)
      scaled.builder.unroll("i", count, set);
    else
      scaled.builder.loop("i", 0, count, set);
    return refusal(scaled.builder);
  };
  EXPECT_EQ(with(true, 2), "none");
  EXPECT_NE(with(true, 3).find("dimension 0 of t is left"), std::string::npos) << with(true, 3);
  EXPECT_NE(with(false, 2).find("t is indexed by constants"), std::string::npos) << with(false, 2);
}

TEST(JitKernel, TypesFit) {
  Scaled vector_to_scalar;
  KernelBuilder& b = vector_to_scalar.builder;
  const TileHandle scalar = b.tile("s", DType::f32, false, {});
  scalar.set({}, b.number(DType::f32, 1, true));
  const std::string what = refusal(b);
  EXPECT_NE(what.find("the assignment to s takes f32, not f32x16"), std::string::npos) << what;
}

}  // namespace
}  // namespace sinter::jit
