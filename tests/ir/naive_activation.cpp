#include <algorithm>
#include <cmath>

#include "ir/philox.h"
#include "tests/ir/naive_ops.h"

namespace sinter {
namespace {

double hard_sigmoid(double x) { return x <= -3 ? 0 : x >= 3 ? 1 : x / 6 + 0.5; }

void gelu(const Attributes& a, const Operands& x, Operands& y) {
  const double root = std::sqrt(2 / std::acos(-1.0));
  for (size_t i = 0; i < x[0].data.size(); ++i) {
    const double v = x[0].data[i];
    const double share = a.word("approximate") == "tanh" ? std::tanh(root * (v + 0.044715 * v * v * v))
                                                         : std::erf(v / std::sqrt(2.0));
    y[0].data[i] = v / 2 * (1 + share);
  }
}

void prelu(const Attributes&, const Operands& x, Operands& y) {
  Array from = x[0];
  for_each_index(x[0].shape, [&](const Index& i) {
    const double v = from.at(i), slope = x[1].data[x[1].data.size() == 1 ? 0 : i[1]];
    y[0].at(i) = v > 0 ? v : slope * v;
  });
}

// Each word from its own counter: the key is of seed and stream, the counter of block and sample.
void dropout_mask(const Attributes& a, const Operands& x, Operands& y) {
  const auto halves = [](uint64_t v) {
    return std::pair(static_cast<uint32_t>(v), static_cast<uint32_t>(v >> 32));
  };
  const auto [stream, stream_high] =
      halves(stream_id("dropout") + static_cast<uint64_t>(a.integer("stream")));
  const auto mixed =
      philox(static_cast<uint64_t>(static_cast<int64_t>(x[1].data[0])), {stream, stream_high, 0, 0});
  const uint64_t key = mixed[0] + (uint64_t{mixed[1]} << 32);
  const size_t each = x[0].data.empty() ? 0 : y[0].data.size() / x[0].data.size();
  for (size_t i = 0; i < y[0].data.size(); ++i) {
    const auto [low, high] = halves(static_cast<uint64_t>(static_cast<int64_t>(x[0].data[i / each])));
    const auto block = static_cast<uint32_t>(i % each / 4);
    const double uniform = philox(key, {block, 0, low, high})[i % each % 4] * 0x1p-32;
    y[0].data[i] = uniform < a.real("p") ? 0 : 1 / (1 - a.real("p"));
  }
}

}  // namespace

NaiveOps naive_activation() {
  return {
      {OpKind::relu, elementwise([](double x) { return std::max(x, 0.0); })},
      {OpKind::sigmoid, elementwise([](double x) { return 1 / (1 + std::exp(-x)); })},
      {OpKind::tanh, elementwise([](double x) { return 1 - 2 / (std::exp(2 * x) + 1); })},
      {OpKind::leaky_relu,
       [](const Attributes& a, const Operands& x, Operands& y) {
         const double alpha = a.real("alpha");
         elementwise([alpha](double v) { return v > 0 ? v : alpha * v; })(a, x, y);
       }},
      {OpKind::elu,
       [](const Attributes& a, const Operands& x, Operands& y) {
         elementwise([&a](double v) { return v > 0 ? v : a.real("alpha") * (std::exp(v) - 1); })(a, x, y);
       }},
      {OpKind::selu, elementwise([](double v) {
         return 1.05070098735548 * (v > 0 ? v : 1.67326324235438 * (std::exp(v) - 1));
       })},
      {OpKind::gelu, gelu},
      {OpKind::silu, elementwise([](double v) { return v * (1 - 1 / (std::exp(v) + 1)); })},
      {OpKind::hard_sigmoid, elementwise(hard_sigmoid)},
      {OpKind::hard_swish, elementwise([](double v) { return v * hard_sigmoid(v); })},
      {OpKind::softplus,
       [](const Attributes& a, const Operands& x, Operands& y) {
         const double beta = a.real("beta");
         elementwise([&](double v) {
           return beta * v > a.real("threshold") ? v : std::log(1 + std::exp(beta * v)) / beta;
         })(a, x, y);
       }},
      {OpKind::clip,
       [](const Attributes& a, const Operands& x, Operands& y) {
         elementwise([&](double v) { return std::min(std::max(v, a.real("min")), a.real("max")); })(a, x, y);
       }},
      {OpKind::prelu, prelu},
      {OpKind::dropout, copy_elements},
      {OpKind::dropout_mask, dropout_mask},
  };
}

}  // namespace sinter
