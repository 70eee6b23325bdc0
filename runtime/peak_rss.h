#pragma once

#include <cstdint>
#include <optional>

namespace sinter {

/// The most physical memory this process has held since it began, or since reset_peak_rss(), in bytes; none
/// where the system does not say.
std::optional<int64_t> peak_rss_bytes();

/// Gives free memory back to the system and starts peak_rss_bytes() anew, from what is held now. False where
/// the system does not allow it (a /proc without clear_refs, or one that may not be written): the peak then
/// goes on to cover the process from its beginning.
bool reset_peak_rss();

}  // namespace sinter
