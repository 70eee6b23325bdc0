#pragma once

#include <string_view>

#include "runtime/data/data_set.h"

namespace sinter {

/// Reads pictures and labels from NumPy files, `argument` being X.npy,Y.npy or, with a test split,
/// X.npy,Y.npy,XTEST.npy,YTEST.npy; of two files options.test_share of each class is the test split, if it is
/// given. Pictures are u8 [n, height, width] or [n, channels, height, width], or f32 of these shapes, which
/// is taken as it is; labels are whole numbers [n] from 0 on. There are as many classes as the model tells
/// apart (a subset need not have examples of each), or where that is unknown as the largest label says, named
/// by their numbers. Throws InputError that names the file, what was found and what was expected.
DataSet load_npy_set(std::string_view argument, const DataOptions& options);

}  // namespace sinter
