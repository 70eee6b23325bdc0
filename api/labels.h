#pragma once

#include <sinter/views.hpp>
#include <span>

namespace sinter {

/// Copies labels of any integer type. Throws InputError where there are more or fewer than `labels` holds, or
/// one is not from 0 to `classes` - 1.
void read_labels(const InputView& view, int64_t classes, std::span<int64_t> labels);

}  // namespace sinter
