#pragma once

#include <span>

#include "frontends/onnx/node_export.h"
#include "ir/op_table.h"

namespace sinter::onnx {

/// How an op of the IR is written: everything the exporter knows of it.
struct ExportRule {
  OpKind op;
  void (*write)(NodeExport&);
  FixedList<std::string_view, 8> as;  ///< the ONNX ops that it may become
};

/// The rules of a family: the functions are in export/, a file each.
std::span<const ExportRule> activation_exports();
std::span<const ExportRule> elementwise_exports();
std::span<const ExportRule> normalization_exports();
std::span<const ExportRule> pooling_exports();
std::span<const ExportRule> product_exports();
std::span<const ExportRule> reduction_exports();
std::span<const ExportRule> shape_exports();

/// Null: an op that stands in no forward graph, or that ONNX has no word for.
const ExportRule* find_export(OpKind op);

}  // namespace sinter::onnx
