#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <random>

#include "frontends/onnx/import.h"
#include "frontends/onnx/read_model.h"
#include "ir/verify.h"
#include "tests/frontends/onnx/model_file.h"
#include "tests/runtime/temporary_folder.h"

/// Damaged files: an import ends in a valid graph or in an error of the family, never in a crash or a hang.
namespace sinter {
namespace {

constexpr size_t largest_seed = 40000;  // larger files are mostly numbers, which any bits are

std::string mutate(std::string bytes, std::mt19937& random) {
  const auto below = [&](size_t bound) {
    return std::uniform_int_distribution<size_t>(0, bound - 1)(random);
  };
  for (size_t edits = 1 + below(4); edits > 0 && !bytes.empty(); --edits) {
    const size_t at = below(bytes.size());
    switch (below(5)) {
      case 0:
        bytes[at] = static_cast<char>(bytes[at] ^ 1 << below(8));
        break;
      case 1:
        bytes[at] = static_cast<char>(below(256));
        break;
      case 2:
        bytes.erase(at, 1 + below(16));
        break;
      case 3:
        bytes.insert(below(bytes.size()), bytes.substr(at, 1 + below(32)));
        break;
      default:
        bytes.resize(at);
    }
  }
  return bytes;
}

std::vector<std::string> seeds() {
  std::vector<std::string> all = {
      onnx_graph(
          "g (float[N, 1, 4, 4] x) => (float[N, 2] y) {"
          " c = Conv <kernel_shape = [3, 3], pads = [1, 1, 1, 1], strides = [2, 2]> (x, w)"
          " m = MaxPool <kernel_shape = [2, 2]> (c) s = Shape(m) z = Constant <value = int64[1] {0}> ()"
          " n = Gather(s, z) r = Constant <value = int64[1] {-1}> () t = Concat <axis = 0> (n, r)"
          " y = Reshape(m, t) }",
          "graph { initializer { name: 'w' data_type: 1 dims: 2 dims: 1 dims: 3 dims: 3 float_data: "
          "[1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9] } }"),
      onnx_graph("g (float[2, 3] x) => (float[4, 6] y) { s = Constant <value = float[2] {2, 2}> ()"
                 " y = Resize <mode = \"cubic\"> (x, , s) }")};
  const char* folder = std::getenv("SINTER_ONNX");
  if (folder == nullptr) return all;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (entry.path().filename() == "model.onnx" && entry.file_size() <= largest_seed)
      all.push_back(content_of(entry.path()));
  return all;
}

class OnnxFuzz : public testing::Test {
 protected:
  void import_damaged() {
    const std::string bytes = mutate(files_[random_() % files_.size()], random_);
    const auto path = folder_.file("m.onnx", bytes);
    try {
      const auto imported = onnx::import_model(onnx::read_model(path));
      EXPECT_TRUE(verify(imported.graph).empty());
      ++valid_;
    } catch (const Error& error) {
      EXPECT_EQ(error.location().file, path.string()) << error.what();
      ++refused_;
    }
  }

  void TearDown() override {
    EXPECT_GT(refused_, 0);
    EXPECT_GT(valid_, 0);
  }

  std::mt19937 random_{6};
  const TemporaryFolder folder_;
  const std::vector<std::string> files_ = seeds();
  int refused_ = 0, valid_ = 0;
};

TEST_F(OnnxFuzz, DamagedModelsAreRefusedOrValid) {
  for (int round = 0; round < 1500 && !HasFailure(); ++round) {
    SCOPED_TRACE(round);
    import_damaged();
  }
}

// As long as SINTER_FUZZ_SECONDS says; the seed of a round that fails makes it again.
TEST_F(OnnxFuzz, ForAsLongAsIsWanted) {
  const char* seconds = std::getenv("SINTER_FUZZ_SECONDS");
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::seconds(seconds == nullptr ? 1 : std::stoi(seconds));
  for (unsigned seed = 1000; Clock::now() < end && !HasFailure(); ++seed) {
    random_.seed(seed);
    SCOPED_TRACE(seed);
    import_damaged();
  }
  RecordProperty("imports", refused_ + valid_);
}

}  // namespace
}  // namespace sinter
