#pragma once

#include "runtime/data/data_set.h"
#include "runtime/data/synthetic.h"

namespace sinter {

/// A few drawn digits: enough to train on for some steps.
inline DataSet small_data(int64_t train = 50, int64_t test = 20) {
  DataSet data{.name = "digits", .classes = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}};
  data.train = draw_glyphs({.count = train, .seed = 1, .split = "train"});
  data.test = draw_glyphs({.count = test, .seed = 1, .split = "test"});
  return data;
}

}  // namespace sinter
