#include "frontends/onnx/model.h"

#include <fmt/format.h>

namespace sinter::onnx {

std::string describe(const ModelNode& node) {
  const std::string op = node.domain.empty() ? node.op : fmt::format("{}.{}", node.domain, node.op);
  return fmt::format("node \"{}\" ({}, node {})", node.name, op, node.number);
}

}  // namespace sinter::onnx
