#include "ir/op_table.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "ir/text_attributes.h"
#include "tests/source_path.h"

namespace sinter {
namespace {

TEST(OpTable, NamesAreUniqueAndFound) {
  std::set<std::string_view> names;
  for (const OpDef& op : op_table()) {
    EXPECT_TRUE(names.insert(op.name).second) << op.name << " stands twice";
    EXPECT_EQ(find_op(op.name), op.kind);
    EXPECT_EQ(&op_def(op.kind), &op);
  }
  EXPECT_EQ(names.size(), op_count);
  EXPECT_EQ(find_op("convolve"), std::nullopt);
}

TEST(OpTable, RowsAreComplete) {
  for (const OpDef& op : op_table()) {
    EXPECT_FALSE(op.formula.empty() || op.summary.empty()) << op.name;
    EXPECT_TRUE(op.infer && op.evaluate && op.units && op.flops) << op.name;
    EXPECT_LE(op.in_place.size(), op.results.size()) << op.name;
    EXPECT_EQ(op_def(op.train_as).operands.size(), op.operands.size()) << op.name;
  }
}

TEST(OpTable, OperandAndAttributeNamesAreUniqueWithinARow) {
  for (const OpDef& op : op_table()) {
    std::set<std::string_view> operands, attributes;
    for (const OperandDef& operand : op.operands)
      EXPECT_TRUE(operands.insert(operand.name).second) << op.name;
    for (const AttributeDef& def : op.attributes) EXPECT_TRUE(attributes.insert(def.name).second) << op.name;
  }
}

TEST(OpTable, DefaultsAreCanonicalText) {
  for (const OpDef& op : op_table())
    for (const AttributeDef& def : op.attributes) {
      if (def.fallback.empty()) continue;
      EXPECT_EQ(print_attribute(parse_attribute(def, def.fallback)), def.fallback) << op.name;
    }
}

TEST(OpTable, OnlyTheLastOperandIsVariadic) {
  for (const OpDef& op : op_table())
    for (size_t i = 0; i + 1 < op.operands.size(); ++i) EXPECT_FALSE(op.operands[i].variadic) << op.name;
}

TEST(OpTable, ReferenceIsUpToDate) {
  std::ifstream file(source_path("ir/OPS.md"));
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), op_reference()) << "write it anew: sinter ops > ir/OPS.md";
}

}  // namespace
}  // namespace sinter
