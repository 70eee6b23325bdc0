#include "cli/batch_option.h"

#include <algorithm>

#include "cli/global_options.h"
#include "passes/bind_symbols.h"

namespace sinter::cli {
namespace {

bool is_fixed_at(const Graph& model, int64_t size) {
  return std::ranges::any_of(model.inputs(), [&](ValueId id) {
    const Shape& shape = model.type(id).shape;
    return !shape.empty() && shape[0] == Dim(size);
  });
}

}  // namespace

void BatchOption::add(CLI::App& command, const std::string& otherwise) {
  command.add_option("--batch-size", size, "examples at a time; where it is not given, " + otherwise)
      ->check(number_in(1, 1 << 20));
}

std::map<std::string, int64_t> BatchOption::symbols(const Graph& model) const {
  if (size == 0) return {};
  std::map<std::string, int64_t> symbols;
  for (const std::string& symbol : batch_symbols(model)) symbols.emplace(symbol, size);
  if (symbols.empty() && !is_fixed_at(model, size))
    fail_input(
        "--batch-size {}: model \"{}\" has a fixed batch: no input's first dimension is a symbol such as N",
        size, model.name);
  return symbols;
}

BatchOption BatchOption::or_one(const Graph& model) const {
  return size == 0 && !batch_symbols(model).empty() ? BatchOption{1} : *this;
}

}  // namespace sinter::cli
