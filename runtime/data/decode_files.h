#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runtime/data/examples.h"

namespace sinter {

struct DecodeOptions {
  bool keep = false;      ///< the pixels, in memory; else the files' names
  bool skip_bad = false;  ///< leave out what is no sound picture
  int threads = 1;
  std::function<void()> before_picture = {};  ///< called by each thread; what it throws is thrown here
};

struct SkippedFiles {
  int64_t count = 0;
  std::vector<std::string> reasons = {};  ///< what was wrong with the first few of them, each named
};

/// Decodes every file of `examples` once, to find those that are no sound pictures. Throws the first's
/// InputError, in the files' order, or leaves them out; `keep` puts the pixels in the place of the files.
SkippedFiles decode_files(Examples& examples, const DecodeOptions& options);

}  // namespace sinter
