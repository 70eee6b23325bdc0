#include <algorithm>

#include "backends/jit/batch_lanes.h"
#include "backends/jit/lowering.h"
#include "backends/jit/machine.h"
#include "backends/jit/philox_words.h"
#include "ir/ops/dropout.h"

// Bits are counted and not drawn: they are those of the reference, however the mask is shared out.
namespace sinter::jit {
namespace {

constexpr int64_t words_of_block = 4, elements_of_vectors = words_of_block * vector_size;
constexpr int64_t unit_vectors = 128;  // four vectors of words each

class MaskWriter {
 public:
  MaskWriter(const Graph& graph, const Node& node)
      : k_("dropout_mask"),
        type_(graph.type(node.results[0])),
        samples_(type_.shape[0].size),
        elements_(element_count(type_.shape) / samples_),
        rule_(ops::dropout_rule(node.attributes)) {
    sample_ = k_.argument("sample", graph.type(node.operands[0]), 0);
    seed_ = k_.argument("seed", graph.type(node.operands[1]), 1);
    mask_ = k_.argument("mask", type_, 2);
  }

  Kernel write() {
    type_.layout.is_plain() ? write_plain() : write_blocked();
    return k_.finish();
  }

 private:
  // Sixteen blocks of words are the lanes: the words of each lie apart.
  void write_plain() {
    const int64_t whole = elements_ / elements_of_vectors, rest = elements_ % elements_of_vectors;
    const int64_t parts = std::max<int64_t>(1, whole / unit_vectors);
    const int64_t rows = std::clamp<int64_t>(unit_vectors / (whole + 1), 1, samples_);
    const auto at = k_.parallel({{"rows", (samples_ + rows - 1) / rows}, {"part", parts}});
    const int64_t chunk = (whole + parts - 1) / parts;
    const RandomKey key = stream_key();
    k_.loop("n", std::vector<Index>{at[0] * rows}, {(at[0] + 1) * rows, samples_}, [&](const Index& n) {
      const Expr sample = number(k_.load({.buffer = sample_, .index = n}, false));
      const auto write_vectors = [&](const Index& v, int64_t present) {
        const Expr block = k_.index(DType::i32, v * vector_size) + k_.lane_numbers();
        const Words words = random_words(key, block, sample);
        for (int64_t w = 0; w < std::min(words_of_block, present); ++w) {
          const int64_t lanes = (present - w + words_of_block - 1) / words_of_block;
          Access to{.buffer = mask_,
                    .index = n * elements_ + v * elements_of_vectors + w,
                    .lane_stride = words_of_block};
          if (lanes < vector_size) to.count = lanes;
          k_.store(to, factor(words[w]));
        }
      };
      if (whole != 0)
        k_.loop("v", std::vector<Index>{at[1] * chunk}, {(at[1] + 1) * chunk, whole},
                [&](const Index& v) { write_vectors(v, elements_of_vectors); });
      if (rest != 0) k_.when({at[1] - (parts - 1)}, [&] { write_vectors(whole, rest); });
    });
  }

  // Sixteen samples are the lanes: the words of all lie side by side.
  void write_blocked() {
    const int64_t whole = elements_ / words_of_block, rest = elements_ % words_of_block;
    const int64_t parts = std::max<int64_t>(1, whole / unit_vectors);
    const auto at = k_.parallel({{"block", batch_blocks(samples_)}, {"part", parts}});
    const int64_t chunk = (whole + parts - 1) / parts;
    const RandomKey key = stream_key();
    std::optional<Index> present;
    if (samples_ % vector_size != 0) present = samples_ - at[0] * vector_size;
    const Expr sample =
        number(k_.load({.buffer = sample_, .index = at[0] * vector_size, .count = present}, true));
    const auto write_words = [&](const Index& i, int64_t count) {
      const Words words = random_words(key, k_.index(DType::i32, i), sample);
      for (int64_t w = 0; w < count; ++w) {
        const Expr value = factor(words[w]);
        k_.store({.buffer = mask_, .index = (at[0] * elements_ + i * words_of_block + w) * vector_size},
                 present ? k_.first_lanes(value, *present) : value);
      }
    };
    if (whole != 0)
      k_.loop("i", std::vector<Index>{at[1] * chunk}, {(at[1] + 1) * chunk, whole},
              [&](const Index& i) { write_words(i, words_of_block); });
    if (rest != 0) k_.when({at[1] - (parts - 1)}, [&] { write_words(whole, rest); });
  }

  Expr number(Expr loaded) { return k_.let("number", k_.cast(loaded, DType::i64)); }

  RandomKey stream_key() {
    return random_key(number(k_.load({.buffer = seed_, .index = 0}, false)), rule_.stream);
  }

  // Words are unsigned, and the language's comparisons are not.
  Expr factor(Expr word) {
    constexpr int64_t half = int64_t{1} << 31;
    const Expr zero = k_.number(type_.dtype, 0, true);
    const auto threshold = static_cast<int64_t>(rule_.dropped) - half;
    if (threshold == half) return zero;  // all are dropped
    const Expr shifted =
        k_.apply(Op::exclusive_or, {word, k_.number(DType::i32, -static_cast<double>(half), true)});
    const Expr limit = k_.number(DType::i32, static_cast<double>(threshold), true);
    return select(k_.apply(Op::less, {shifted, limit}), zero, k_.number(type_.dtype, rule_.kept, true));
  }

  KernelBuilder k_;
  Type type_;
  int64_t samples_, elements_;  ///< elements of a sample
  ops::DropoutRule rule_;
  BufferId sample_ = 0, seed_ = 0, mask_ = 0;
};

std::vector<Implementation> implementations(const Graph& graph, const Node& node, std::span<const Layout>) {
  constexpr double word_seconds = 0.8e-9;
  const Type& mask = graph.type(node.results[0]);
  const double seconds = call_seconds + word_seconds * static_cast<double>(element_count(mask.shape));
  std::vector<Implementation> ways;
  for (const Layout& layout : {Layout{}, batch_blocked(mask.shape.size())})
    ways.push_back({{Layout{}, Layout{}}, {layout}, seconds});
  return ways;
}

Lowered lower(const Graph& graph, const Node& node, const CpuTarget&) {
  return {{MaskWriter(graph, node).write()}, 0};
}

}  // namespace

const Lowering dropout_mask_lowering = {implementations, lower};

}  // namespace sinter::jit
