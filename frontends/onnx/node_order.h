#pragma once

#include <vector>

#include "frontends/onnx/model.h"

namespace sinter::onnx {

/// The nodes so that each stands behind what it reads; those of a file in order stay as they are. Throws
/// InputError where there is no such order, or a node reads what nothing makes.
std::vector<const ModelNode*> ordered_nodes(const Model& model);

}  // namespace sinter::onnx
