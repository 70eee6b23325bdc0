#pragma once

#include "ir/error.h"

namespace sinter::cli {

/// From now on the first Ctrl-C (SIGINT) or SIGTERM is only noted, so that the work can end cleanly; a second
/// one ends the process at once. A pipe that was closed is then an error of who writes, not the end of the
/// process.
void watch_for_interrupt();
/// Whether one came.
bool interrupted();

/// Thrown where work ends because one came.
struct Interrupted : Error {
  Interrupted() : Error("interrupted") {}
};
void throw_if_interrupted();

}  // namespace sinter::cli
