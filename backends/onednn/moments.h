#pragma once

#include <memory>

#include "backends/backend.h"

namespace sinter::onednn {

/// Of f32 pictures [N, C, H, W] in a buffer the mean and the biased variance of each channel, f32[C] into two
/// others. Sums are made in f64: oneDNN's own are in f32, and of a picture's 300 000 equal values lose three
/// of their seven digits. Each channel by itself, so that threads do not change its bits. `x`: with its
/// layout.
std::unique_ptr<Kernel> make_moments(const Type& x, size_t buffer, size_t mean, size_t variance);

}  // namespace sinter::onednn
