#pragma once

#include "runtime/data/data_set.h"

namespace sinter {

/// Reads a folder of pictures: in it a folder for each class, named as the class, and in that PNG and JPEG
/// files; or `train` beside `test` or `val`, each with such folders. Without them `options.test_share` of
/// each class is the test split, if it is given. Hidden files are passed over; any other that is no sound
/// picture is an error, which names it, and so is a class's folder with no files, as in torchvision's
/// ImageFolder. With options.skip_bad they are left out and counted in the data set's notes; a class without
/// pictures keeps its number.
///
/// Classes and files are ordered by name. Every file is decoded once, on options.threads threads: the
/// pictures are kept if both splits take at most options.most_bytes in memory, and else decoded whenever they
/// are needed.
/// Throws InputError that names the file or folder.
DataSet load_image_folder(const std::filesystem::path& folder, const DataOptions& options);

}  // namespace sinter
