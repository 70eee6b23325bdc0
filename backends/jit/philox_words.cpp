#include "backends/jit/philox_words.h"

namespace sinter::jit {
namespace {

Expr word(KernelBuilder& k, uint32_t value) {
  return k.number(DType::i32, static_cast<int32_t>(value), false);
}

Expr exclusive_or(Expr a, Expr b) { return a.builder().apply(Op::exclusive_or, {a, b}); }
Expr product_high(Expr a, Expr b) { return a.builder().apply(Op::product_high, {a, b}); }

}  // namespace

// Every word has a register of its own, or the text of ten rounds would have a million parts.
Words philox_words(const RandomKey& key, const Words& counter) {
  constexpr uint32_t factor_a = 0xD2511F53, factor_b = 0xCD9E8D57;
  constexpr uint32_t step_low = 0x9E3779B9, step_high = 0xBB67AE85;
  KernelBuilder& k = key.low.builder();
  const Expr a = word(k, factor_a), b = word(k, factor_b);
  Words words = counter;
  for (uint32_t round = 0; round < 10; ++round) {
    const Expr low = key.low + word(k, round * step_low), high = key.high + word(k, round * step_high);
    words = {k.let("w", exclusive_or(exclusive_or(product_high(words[2], b), words[1]), low)),
             k.let("w", words[2] * b),
             k.let("w", exclusive_or(exclusive_or(product_high(words[0], a), words[3]), high)),
             k.let("w", words[0] * a)};
  }
  return words;
}

RandomKey random_key(Expr seed, uint64_t stream) {
  KernelBuilder& k = seed.builder();
  const Expr zero = word(k, 0);
  const RandomKey of_seed = {k.cast(seed, DType::i32), k.high_half(seed)};
  const Words mixed = philox_words(of_seed, {word(k, static_cast<uint32_t>(stream)),
                                             word(k, static_cast<uint32_t>(stream >> 32)), zero, zero});
  return {mixed[0], mixed[1]};
}

Words random_words(const RandomKey& key, Expr block, Expr element) {
  KernelBuilder& k = block.builder();
  return philox_words(key, {block, word(k, 0), k.cast(element, DType::i32), k.high_half(element)});
}

}  // namespace sinter::jit
