#include "ir/ops/dropout.h"

#include <cmath>

#include "ir/philox.h"

namespace sinter::ops {
namespace {

// Apart from the streams of shuffling, initialisation and augmentation, which may have the same seed.
constexpr uint64_t dropout_stream = stream_id("dropout");

uint64_t number_at(const TensorView& numbers, int64_t i) {
  if (numbers.dtype == DType::u8) return numbers.as<uint8_t>()[i];
  if (numbers.dtype == DType::i32) return static_cast<uint64_t>(int64_t{numbers.as<int32_t>()[i]});
  return static_cast<uint64_t>(numbers.as<int64_t>()[i]);
}

template <typename T>
void fill(T* mask, int64_t count, Random random, uint64_t dropped, T kept) {
  for (int64_t i = 0; i < count; ++i) mask[i] = random.word() < dropped ? T{0} : kept;
}

}  // namespace

std::vector<Type> infer_dropout_mask(const Inference& in) {
  const DType dtype = in.attributes().dtype("dtype");
  if (dtype != DType::f32 && dtype != DType::f64)
    in.reject(fmt::format("a mask of {}; expected f32 or f64", to_string(dtype)));
  const Ints& size = in.attributes().ints("sample_size");
  if (size.size() >= max_rank)
    in.reject(fmt::format("samples of {} dimensions; expected at most {}", size.size(), max_rank - 1));
  Shape shape = {in[0].shape[0]};
  shape.insert(shape.end(), size.begin(), size.end());
  return {{dtype, std::move(shape), {}}};
}

OperandGradients dropout_gradient(const Differentiation& d) { return {*d.gradients[0]}; }

DropoutRule dropout_rule(const Attributes& attributes) {
  const double p = attributes.real("p");
  return {static_cast<uint64_t>(std::llround(p * 0x1p32)), 1 / (1 - p),
          dropout_stream + static_cast<uint64_t>(attributes.integer("stream"))};
}

int64_t sample_units(const Evaluation& e) { return e.results[0].dim(0); }

void evaluate_dropout_mask(const Evaluation& e, int64_t begin, int64_t end) {
  const TensorView& mask = e.results[0];
  const auto [dropped, kept, stream] = dropout_rule(e.attributes);
  const uint64_t seed = number_at(e.operands[1], 0);
  for (int64_t n = begin; n < end; ++n) {
    const int64_t count = mask.count / mask.dim(0);
    const Random random(seed, stream, 0, number_at(e.operands[0], n));
    if (mask.dtype == DType::f32)
      fill(mask.as<float>() + n * count, count, random, dropped, static_cast<float>(kept));
    else
      fill(mask.as<double>() + n * count, count, random, dropped, kept);
  }
}

}  // namespace sinter::ops
