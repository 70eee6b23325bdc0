#include "ir/ops/batch_norm.h"

#include <cmath>

#include "ir/build.h"

namespace sinter::ops {
namespace {

Type channels_of(const Type& x) { return {x.dtype, {x.shape[1]}, {}}; }

// [C] as it broadcasts to [N, C, H, W].
Value by_channel(Value x) { return reshape(x, {x.shape()[0].size, 1, 1}); }
Value over_channels(Value x) { return sum(x, {.axes = {0, 2, 3}}); }

Value inverse_deviation(Value variance, double epsilon) {
  return div(variance.graph().scalar(variance.dtype(), 1), sqrt(variance + epsilon));
}

double values_per_channel(const Shape& x) {
  return static_cast<double>(x[0].size) * static_cast<double>(x[2].size) * static_cast<double>(x[3].size);
}

// One channel of [N, C, H, W]: N runs of H * W neighbours.
struct Channel {
  int64_t images, run, step, first;

  Channel(const TensorView& x, int64_t channel)
      : images(x.dim(0)), run(x.dim(2) * x.dim(3)), step(x.dim(1) * run), first(channel * run) {}
  double count() const { return static_cast<double>(images * run); }

  template <typename F>
  void each(F f) const {
    for (int64_t n = 0; n < images; ++n)
      for (int64_t i = first + n * step, end = i + run; i < end; ++i) f(i);
  }
};

// Of an operand that may be left out.
template <typename T>
T element(const Evaluation& e, size_t operand, int64_t i, T fallback) {
  const bool given = operand < e.operands.size() && e.operands[operand].present();
  return given ? e.operands[operand].as<T>()[i] : fallback;
}

template <typename T>
T deviation_of(const TensorView& variance, int64_t channel, double epsilon) {
  return static_cast<T>(1 / std::sqrt(static_cast<double>(variance.as<T>()[channel]) + epsilon));
}

template <typename T>
void normalize(const Channel& c, const T* x, T* y, T mean, T scale, T shift) {
  c.each([=](int64_t i) { y[i] = (x[i] - mean) * scale + shift; });
}

}  // namespace

std::vector<Type> infer_batch_norm_training(const Inference& in) {
  const Shape& x = in[0].shape;
  if (is_concrete(x) && values_per_channel(x) < 2)
    in.reject("a channel has fewer than two values, and so no variance", "N * H * W >= 2");
  return {{in[0].dtype, x, {}}, channels_of(in[0]), channels_of(in[0])};
}

std::vector<Type> infer_batch_norm_backward(const Inference& in) {
  return {{in[0].dtype, in[0].shape, {}}, channels_of(in[0]), channels_of(in[0])};
}

OperandGradients batch_norm_gradient(const Differentiation& d) {
  const Value x = d.x(0), dy = *d.gradients[0];
  const Value inverse = inverse_deviation(d.x(2), d.attributes.real("epsilon"));
  const Value scale = d.has(3) ? inverse * d.x(3) : inverse;
  const Value dshift = over_channels(dy);
  const Value slope = over_channels(dy * (x - by_channel(d.x(1))));  // by the scale
  OperandGradients gradients = {dy * by_channel(scale), dshift * scale * -1.0,
                                slope * scale * (inverse * inverse) * -0.5};
  if (d.operands.size() > 3) gradients.push_back(d.has(3) ? OptionalValue(slope * inverse) : std::nullopt);
  if (d.operands.size() > 4) gradients.push_back(d.has(4) ? OptionalValue(dshift) : std::nullopt);
  return gradients;
}

namespace {

// What reaches x by way of the statistics themselves, where something else than the normalisation reads them.
Value gradient_by_statistics(const Differentiation& d) {
  const Value x = d.x(0);
  const double count = values_per_channel(x.shape());
  OptionalValue sum;
  if (d.gradients[1]) sum = broadcast_to(by_channel(*d.gradients[1] / count), sizes(x.shape()));
  if (d.gradients[2]) {
    const Value by_variance = (x - by_channel(d.results[1])) * by_channel(*d.gradients[2] * (2.0 / count));
    sum = sum ? *sum + by_variance : by_variance;
  }
  return *sum;
}

}  // namespace

OperandGradients batch_norm_training_gradient(const Differentiation& d) {
  OperandGradients gradients(d.operands.size());
  if (d.gradients[0]) {
    const OptionalValue weight = d.has(1) ? d.operands[1] : std::nullopt;
    const auto backward =
        d.graph.append(OpKind::batch_norm_backward,
                       std::vector<OptionalValue>{d.gradients[0], d.x(0), d.results[1], d.results[2], weight},
                       Attributes(OpKind::batch_norm_backward, {{"epsilon", d.attributes.real("epsilon")}}));
    for (size_t i = 0; i < gradients.size(); ++i)
      if (d.has(i)) gradients[i] = backward[i];
  }
  if (d.gradients[1] || d.gradients[2]) {
    const Value more = gradient_by_statistics(d);
    gradients[0] = gradients[0] ? *gradients[0] + more : more;
  }
  return gradients;
}

int64_t channel_units(const Evaluation& e) { return e.operands[0].dim(1); }

void evaluate_batch_norm(const Evaluation& e, int64_t begin, int64_t end) {
  const double epsilon = e.attributes.real("epsilon");
  dispatch_floating(e.operands[0].dtype, [&]<typename T>() {
    for (int64_t c = begin; c < end; ++c) {
      const T scale = deviation_of<T>(e.operands[2], c, epsilon) * element<T>(e, 3, c, 1);
      normalize(Channel(e.operands[0], c), e.operands[0].as<T>(), e.results[0].as<T>(),
                e.operands[1].as<T>()[c], scale, element<T>(e, 4, c, 0));
    }
  });
}

// In two passes: the difference of two great sums would lose the digits of a small variance.
void evaluate_batch_norm_training(const Evaluation& e, int64_t begin, int64_t end) {
  const double epsilon = e.attributes.real("epsilon");
  dispatch_floating(e.operands[0].dtype, [&]<typename T>() {
    const T* x = e.operands[0].as<T>();
    for (int64_t c = begin; c < end; ++c) {
      const Channel channel(e.operands[0], c);
      double sum = 0, squares = 0;
      channel.each([&](int64_t i) { sum += static_cast<double>(x[i]); });
      const double mean = sum / channel.count();
      channel.each([&](int64_t i) {
        const double distance = static_cast<double>(x[i]) - mean;
        squares += distance * distance;
      });
      e.results[1].as<T>()[c] = static_cast<T>(mean);
      e.results[2].as<T>()[c] = static_cast<T>(squares / channel.count());
      const T scale = deviation_of<T>(e.results[2], c, epsilon) * element<T>(e, 1, c, 1);
      normalize(channel, x, e.results[0].as<T>(), static_cast<T>(mean), scale, element<T>(e, 2, c, 0));
    }
  });
}

void evaluate_batch_norm_backward(const Evaluation& e, int64_t begin, int64_t end) {
  const double epsilon = e.attributes.real("epsilon");
  dispatch_floating(e.operands[0].dtype, [&]<typename T>() {
    const T *dy = e.operands[0].as<T>(), *x = e.operands[1].as<T>();
    T* dx = e.results[0].as<T>();
    for (int64_t c = begin; c < end; ++c) {
      const Channel channel(e.operands[0], c);
      const double mean = e.operands[2].as<T>()[c];
      const double inverse = 1 / std::sqrt(static_cast<double>(e.operands[3].as<T>()[c]) + epsilon);
      double dshift = 0, slope = 0;
      channel.each([&](int64_t i) {
        dshift += static_cast<double>(dy[i]);
        slope += static_cast<double>(dy[i]) * (static_cast<double>(x[i]) - mean);
      });
      const double dscale = slope * inverse;
      e.results[1].as<T>()[c] = static_cast<T>(dscale);
      e.results[2].as<T>()[c] = static_cast<T>(dshift);
      const double scale = inverse * element<T>(e, 4, c, 1);
      const double by_x = dscale * inverse / channel.count(), constant = dshift / channel.count();
      channel.each([&](int64_t i) {
        dx[i] = static_cast<T>(
            scale * (static_cast<double>(dy[i]) - constant - (static_cast<double>(x[i]) - mean) * by_x));
      });
    }
  });
}

double batch_norm_flops(const Attributes&, std::span<const std::optional<Type>>,
                        std::span<const Type> results) {
  return 3 * per_sample_count(results[0].shape);
}

double batch_norm_training_flops(const Attributes&, std::span<const std::optional<Type>>,
                                 std::span<const Type> results) {
  return 7 * per_sample_count(results[0].shape);
}

double batch_norm_backward_flops(const Attributes&, std::span<const std::optional<Type>>,
                                 std::span<const Type> results) {
  return 9 * per_sample_count(results[0].shape);
}

}  // namespace sinter::ops
