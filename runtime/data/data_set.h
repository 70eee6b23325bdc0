#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/data/examples.h"

namespace sinter {

struct DataSet {
  std::string name = {};
  std::vector<std::string> classes = {};  ///< the name of each label
  Examples train = {}, test = {};
  std::vector<std::string> notes = {};  ///< what a user should know of what was found
};

struct DataOptions {
  std::vector<std::filesystem::path> folders = {};  ///< where to look for a set's own folder, in this order
  uint64_t seed = 0;                                ///< of generated sets
  PictureSize resize = {};                          ///< what every picture is resized to; not given: as it is
  PictureSize model_size = {};  ///< what the model takes: pictures in files, of any size, become that
  int64_t model_channels = 0;   ///< and how many channels; 0: unknown
  int64_t model_classes = 0;    ///< it tells apart, where files have numbers for classes; 0: unknown
  double test_share = 0;        ///< of each class, held out where a set has no test split; 0: none
  bool needs_test = false;      ///< a set without a test split is an error, not a note
  bool skip_bad = false;        ///< pictures in files that cannot be read are left out
  int threads = 1;              ///< to decode pictures on
  std::function<void()> before_picture = {};  ///< called by these threads; what it throws ends the loading
  int64_t most_bytes = int64_t{1} << 30;      ///< of pictures that are decoded once and kept
};

/// The class names of a known data set, whose files are not looked at; nothing for an unknown name.
std::optional<std::vector<std::string>> class_names(std::string_view name);

/// Loads the data set that `spec` names, NAME or NAME:DIR:
///   fashion-mnist, mnist   the official IDX files, each plain or .gz, in DIR or in <folder>/<name>
///   cifar10                the official binary files, each plain or .gz, in DIR, <folder>/cifar10 or
///                          <folder>/cifar-10; some of the training batches will do
///   images:DIR             a folder of PNG and JPEG files for each class, see runtime/data/image_folder.h
///   npy:X.npy,Y.npy        see runtime/data/npy_set.h
///   synthetic              generated from the seed, see runtime/data/synthetic.h
/// Throws InputError: an unknown name with those known, missing files with every place looked in, what was
/// expected there and where it can be had, and whatever is wrong with the files.
DataSet load_data_set(std::string_view spec, const DataOptions& options);

}  // namespace sinter
