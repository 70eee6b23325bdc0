#include "cli/batch_option.h"

#include "cli/global_options.h"

namespace sinter::cli {

void BatchOption::add(CLI::App& command, const std::string& otherwise) {
  command.add_option("--batch-size", size, "examples at a time; where it is not given, " + otherwise)
      ->check(number_in(1, 1 << 20));
}

std::map<std::string, int64_t> BatchOption::symbols(const Graph& model) const {
  std::map<std::string, int64_t> symbols;
  if (size == 0) return symbols;
  for (const ValueId id : model.inputs()) {
    const Shape& shape = model.type(id).shape;
    if (!shape.empty() && shape[0].is_symbol()) symbols.emplace(shape[0].symbol, size);
  }
  if (symbols.empty())
    fail_input(
        "--batch-size {}: model \"{}\" has a fixed batch: no input's first dimension is a symbol such as N",
        size, model.name);
  return symbols;
}

}  // namespace sinter::cli
