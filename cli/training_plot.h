#pragma once

#include <vector>

#include "cli/svg_picture.h"

namespace sinter::cli {

/// What a training has shown so far, by epochs done: a whole number after each.
struct TrainingCurves {
  struct Value {
    double epoch = 0, value = 0;
  };
  std::vector<Value> train_loss = {}, train_accuracy = {}, test_accuracy = {};
  double epochs = 1;  ///< of the whole training: how far the axis goes
};

/// The curves over the epochs in one pair of axes, with grid and legend, as Dive into Deep Learning draws
/// them. Values that are not finite are left out.
SvgPicture training_plot(const TrainingCurves& curves);

}  // namespace sinter::cli
