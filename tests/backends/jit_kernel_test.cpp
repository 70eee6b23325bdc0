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

TEST(JitKernel, PlacesOfAPermutationAreIntegers) {
  const auto with = [](DType places) {
    Scaled scaled;
    KernelBuilder& b = scaled.builder;
    const Expr x = b.load({.buffer = scaled.x, .index = 0}, true);
    b.store({.buffer = scaled.y, .index = 0}, b.permute(x, x, b.number(places, 3, true)));
    return refusal(b);
  };
  EXPECT_EQ(with(DType::i32), "none");
  EXPECT_NE(with(DType::f32).find("argument 2 of permute takes i32x16, not f32x16"), std::string::npos);
}

TEST(JitKernel, BlocksOfLanesAreHalvesOfVectors) {
  const auto with = [](int64_t lanes) {
    Scaled scaled;
    KernelBuilder& b = scaled.builder;
    const Expr x = b.load({.buffer = scaled.x, .index = 0}, true);
    b.store({.buffer = scaled.y, .index = 0}, b.even_blocks(x, x, lanes));
    return refusal(b);
  };
  EXPECT_EQ(with(8), "none");
  for (const int64_t lanes : {0, 3, 16})
    EXPECT_NE(with(lanes).find("even_blocks takes blocks of 1, 2, 4 or 8 lanes"), std::string::npos) << lanes;
}

TEST(JitKernel, TypesFit) {
  Scaled vector_to_scalar;
  KernelBuilder& b = vector_to_scalar.builder;
  const TileHandle scalar = b.tile("s", DType::f32, false, {});
  scalar.set({}, b.number(DType::f32, 1, true));
  const std::string what = refusal(b);
  EXPECT_NE(what.find("the assignment to s takes f32, not f32x16"), std::string::npos) << what;
}

TEST(JitKernel, TablesAreRead) {
  Scaled scaled;
  const BufferId table = scaled.builder.table("t", DType::f32, std::vector<double>(16, 0.5));
  scaled.store({.buffer = table, .index = 0}, {.buffer = scaled.y, .index = 0});
  EXPECT_EQ(refusal(scaled.builder), "none");
  Scaled written;
  const BufferId constants = written.builder.table("t", DType::f32, std::vector<double>(16, 0.5));
  written.store({.buffer = written.x, .index = 0}, {.buffer = constants, .index = 0});
  const std::string what = refusal(written.builder);
  EXPECT_NE(what.find("t is stored to, a table"), std::string::npos) << what;
}

// Each lane from an offset of its own, which the limit keeps within the buffer.
TEST(JitKernel, OffsetsOfLanesHaveALimit) {
  const auto with = [](int64_t limit, int64_t lane_stride) {
    Scaled scaled;
    const BufferId table = scaled.builder.table("t", DType::i32, std::vector<double>(16, 3));
    const Expr offsets = scaled.builder.load({.buffer = table, .index = 0}, true);
    scaled.store(
        {.buffer = scaled.x, .index = 4, .offset = Offset{offsets.id(), limit}, .lane_stride = lane_stride},
        {.buffer = scaled.y, .index = 0});
    return refusal(scaled.builder);
  };
  EXPECT_EQ(with(60, 0), "none");
  EXPECT_NE(with(61, 0).find("x is accessed after its end"), std::string::npos) << with(61, 0);
  EXPECT_NE(with(1, 1).find("the offset into x takes i32, not i32x16"), std::string::npos) << with(1, 1);
}

}  // namespace
}  // namespace sinter::jit
