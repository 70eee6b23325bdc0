#include "frontends/onnx/export_table.h"

#include <array>

namespace sinter::onnx {
namespace {

using Index = std::array<const ExportRule*, op_count>;

Index make_index() {
  Index index{};
  for (const auto rules : {activation_exports(), elementwise_exports(), normalization_exports(),
                           pooling_exports(), product_exports(), reduction_exports(), shape_exports()})
    for (const ExportRule& rule : rules) index[static_cast<size_t>(rule.op)] = &rule;
  return index;
}

}  // namespace

const ExportRule* find_export(OpKind op) {
  static const Index index = make_index();
  return index[static_cast<size_t>(op)];
}

}  // namespace sinter::onnx
