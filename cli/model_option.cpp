#include "cli/model_option.h"

#include <charconv>
#include <filesystem>

#include "frontends/onnx/import.h"
#include "frontends/onnx/read_model.h"
#include "frontends/sinter/embedded_models.h"
#include "frontends/sinter/load.h"
#include "runtime/files/read_file.h"

namespace sinter::cli {

void ModelOption::add(CLI::App& command) {
  command.add_option("MODEL", model, "a .sinter or .onnx file, or the name of an embedded model")->required();
  command
      .add_option("--set", set,
                  "give a parameter of the model, or a symbol of an .onnx file, a value: name=value")
      ->take_all()
      ->allow_extra_args(false);
}

namespace {

constexpr int64_t largest_model = 64 << 20;

std::string read_text(const std::filesystem::path& path) {
  const auto bytes = read_file(path, largest_model);
  return {bytes.begin(), bytes.end()};
}

using Arguments = std::vector<std::pair<std::string, std::string>>;

Arguments split_arguments(const std::vector<std::string>& set) {
  Arguments arguments;
  for (const std::string& argument : set) {
    const size_t equals = argument.find('=');
    if (equals == std::string::npos || equals == 0) fail_input("--set {}: expected name=value", argument);
    arguments.emplace_back(argument.substr(0, equals), argument.substr(equals + 1));
  }
  return arguments;
}

// Its arguments are sizes for its symbols.
LoadedModel load_onnx(const std::filesystem::path& path, const Arguments& arguments) {
  onnx::ImportOptions options;
  for (const auto& [name, value] : arguments) {
    int64_t size = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), size);
    if (error != std::errc{} || end != value.data() + value.size() || size < 1)
      fail_input("--set {}={}: expected a size of 1 or more", name, value);
    options.symbols[name] = size;
  }
  auto imported = onnx::import_model(onnx::read_model(path), options);
  return {std::move(imported.graph), std::move(imported.weights), std::move(imported.for_training)};
}

}  // namespace

LoadedModel ModelOption::load_with_weights() const {
  const Arguments arguments = split_arguments(set);
  const std::filesystem::path path(model);
  if (model.find('/') != std::string::npos || path.has_extension()) {
    if (path.extension() == ".onnx") return load_onnx(path, arguments);
    if (path.extension() != ".sinter")
      fail_input("{}: a model is a .sinter or .onnx file or the name of an embedded model", model);
    return {load_model(read_text(path), model, {arguments}), {}};
  }
  const auto text = embedded_model(model);
  if (!text)
    fail_input("no embedded model is named \"{}\"; there are {}. A file needs its extension: {}.sinter",
               model, fmt::join(embedded_model_names(), ", "), model);
  return {load_model(*text, model + ".sinter", {arguments}), {}};
}

}  // namespace sinter::cli
