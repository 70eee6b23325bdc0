#include <gtest/gtest.h>

#include <thread>

#include "tests/api/small_classifier.h"
#include "tests/runtime/temporary_folder.h"

namespace sinter {
namespace {

TEST(InferenceSession, GivesEachSampleItsOwnResult) {
  const Model model = small_classifier();
  const Halves data(4);
  InferenceSession one(model), four(model, {.batch_size = 4, .execution = {.threads = 2}});
  EXPECT_EQ(to_string(four.inputs()[0]), "image: f32[4, 1, 6, 6]");
  EXPECT_EQ(to_string(four.outputs()[0]), "output: f32[4, 2]");
  EXPECT_GT(four.activation_bytes(), 0);
  std::vector<float> all(8), each(2);
  four.run(data.values, all);
  for (int64_t i = 0; i < 4; ++i) {
    one.run(std::span(data.values).subspan(36 * i, 36), each);
    for (int64_t c = 0; c < 2; ++c) EXPECT_NEAR(each[c], all[2 * i + c], 1e-5);
  }
}

TEST(InferenceSession, BackendsAgree) {
  const Model model = small_classifier();
  const Halves data(1);
  std::vector<float> expected(2), found(2);
  InferenceSession(model, {.execution = {.backend = "reference"}}).run(data.values, expected);
  InferenceSession(model, {.execution = {.threads = 1}}).run(data.values, found);
  for (int64_t c = 0; c < 2; ++c) EXPECT_NEAR(found[c], expected[c], 1e-5);
}

TEST(InferenceSession, TakesSeveralInputsAndSymbols) {
  ModelBuilder builder("pair");
  const auto a = builder.input("a", {"N", "L"}), b = builder.input("b", {"N", "L"});
  const Model model = builder.build({{"sum", a + b}, {"product", a * b}});
  InferenceSession session(model, {.batch_size = 1, .symbols = {{"L", 2}}});
  std::vector<float> sum(2), product(2);
  session.run({std::vector<float>{1, 2}, std::vector<float>{3, 5}}, {sum, product});
  EXPECT_EQ(sum, (std::vector<float>{4, 7}));
  EXPECT_EQ(product, (std::vector<float>{3, 10}));
  const auto message = [](const auto& action) { return message_of<InputError>(action); };
  EXPECT_EQ(message([&] { session.run(std::vector<float>(2), sum); }),
            "1 inputs were given; the model takes a: f32[1, 2], b: f32[1, 2]");
  EXPECT_EQ(message([&] {
              session.run({std::vector<float>(2), std::vector<float>(2)}, {sum});
            }),
            "places for 1 outputs were given; the model gives sum: f32[1, 2], product: f32[1, 2]");
  EXPECT_EQ(message([&] {
              InferenceSession(model, {.symbols = {{"M", 2}}});
            }),
            "model \"pair\" has no symbol \"M\" in its inputs");
  EXPECT_EQ(message([&] {
              InferenceSession(model, {.symbols = {{"L", 0}}});
            }),
            "symbol L is to be 0; expected a size of 1 or more");
}

TEST(InferenceSession, ReportsSpansThatDoNotFit) {
  InferenceSession session(small_classifier());
  std::vector<float> scores(2);
  const auto message = [](const auto& action) { return message_of<InputError>(action); };
  EXPECT_EQ(message([&] { session.run(std::vector<float>(35), scores); }),
            "input \"image\": found 35 elements of f32; expected 36 of f32, as f32[1, 1, 6, 6] has");
  EXPECT_EQ(message([&] { session.run(std::vector<uint8_t>(36), scores); }),
            "input \"image\": found 36 elements of u8; expected 36 of f32, as f32[1, 1, 6, 6] has");
  std::vector<float> short_scores(1);
  EXPECT_EQ(message([&] { session.run(std::vector<float>(36), short_scores); }),
            "output \"output\": found 1 elements of f32; expected 2 of f32, as f32[1, 2] has");
}

TEST(InferenceSession, ReportsOptionsOutOfRange) {
  const Model model = small_classifier();
  const auto message = [](const auto& action) { return message_of<InputError>(action); };
  EXPECT_EQ(message([&] { InferenceSession(model, {.batch_size = 0}); }),
            "batch_size is 0; expected a number from 1 to 1048576");
  EXPECT_EQ(message([&] { InferenceSession(model, {.execution = {.threads = -1}}); }),
            "threads is -1; expected a number from 0 to 1024");
  EXPECT_TRUE(message([&] {
                InferenceSession(model, {.execution = {.backend = "gpu"}});
              }).starts_with("unknown backend \"gpu\"; this build has: auto, "));
  EXPECT_EQ(message([&] { InferenceSession(model, {.execution = {.kernel_cache_limit = -1}}); }),
            "kernel_cache_limit is -1; expected 0 or more bytes");
  EXPECT_EQ(message([&] { InferenceSession(model, {.execution = {.instruction_set = "sse9"}}); }),
            "instruction_set is \"sse9\"; expected one of host, baseline, avx2, avx512");
  ModelBuilder builder("fixed");
  const Model fixed = builder.build(relu(builder.input("x", {2, 3})));
  EXPECT_EQ(
      message([&] { InferenceSession(fixed, {.batch_size = 4}); }),
      "batch_size is 4; model \"fixed\" has a batch of its own: no input's first dimension is a symbol");
}

// Made side by side of weights that nobody has asked for yet.
TEST(InferenceSession, RunsOnAnyNumberOfThreads) {
  const Model model = small_classifier();
  const Halves data(1);
  std::vector<std::vector<float>> results(3, std::vector<float>(2));
  {
    std::vector<std::jthread> threads;
    for (auto& result : results)
      threads.emplace_back(
          [&] { InferenceSession(model, {.execution = {.threads = 2}}).run(data.values, result); });
  }
  EXPECT_EQ(results[1], results[0]);
  EXPECT_EQ(results[2], results[0]);
}

// A PNG of two grey pixels, 0 and 255.
constexpr unsigned char two_pixels[] = {
    137, 80, 78, 71, 13, 10, 26,  10,  0,   0,   0, 13, 73, 72, 68, 82, 0,  0,  0,   2,   0,  0,  0,
    1,   8,  0,  0,  0,  0,  209, 73,  32,  86,  0, 0,  0,  11, 73, 68, 65, 84, 120, 156, 99, 96, 248,
    15,  0,  1,  2,  1,  0,  66,  190, 188, 104, 0, 0,  0,  0,  73, 69, 78, 68, 174, 66,  96, 130};

TEST(LoadImage, NormalisesPixels) {
  const TemporaryFolder folder;
  const std::string png(reinterpret_cast<const char*>(two_pixels), sizeof two_pixels);
  const auto path = folder.file("two.png", png);
  EXPECT_EQ(load_image(path, {.name = "x", .shape = {1, 1, 1, 2}}), (std::vector<float>{0, 1}));
  EXPECT_EQ(load_image(path, {.name = "x", .shape = {"N", 3, 1, 2}}, {.mean = {0.5}, .std = {0.5}}),
            (std::vector<float>{-1, 1, -1, 1, -1, 1}));
  EXPECT_EQ(load_image(path, {.name = "x", .shape = {1, 1, 2, 2}}), (std::vector<float>{0, 1, 0, 1}));
}

TEST(LoadImage, RefusesWhatIsNoPicture) {
  const TemporaryFolder folder;
  const std::string path = folder.file("empty.png", "");
  const auto message = [](const auto& action) { return message_of<InputError>(action); };
  EXPECT_EQ(message([&] {
              load_image(path, {.name = "x", .shape = {1, 1, 6, 6}});
            }),
            path + ": the file is empty, expected a PNG or JPEG picture");
  EXPECT_EQ(message([&] {
              load_image(path, {.name = "x", .shape = {1, 36}});
            }),
            path +
                ": a picture is f32[N, C, H, W] with 1 or 3 channels and a known height and width; the input "
                "is x: f32[1, 36]");
}

}  // namespace
}  // namespace sinter
