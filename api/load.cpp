#include <charconv>

#include "api/model_state.h"
#include "frontends/onnx/import.h"
#include "frontends/onnx/read_model.h"
#include "frontends/sinter/embedded_models.h"
#include "frontends/sinter/load.h"
#include "runtime/files/read_file.h"

namespace sinter {
namespace {

constexpr int64_t largest_description = 64 << 20;  // bytes of a .sinter file

int64_t size_of_symbol(const std::string& name, const std::string& value) {
  int64_t size = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), size);
  if (error != std::errc{} || end != value.data() + value.size() || size < 1)
    fail_input("argument {} = \"{}\": expected a size of 1 or more", name, value);
  return size;
}

Model load_onnx(const std::filesystem::path& path, const LoadOptions& options) {
  onnx::ImportOptions import;
  for (const auto& [name, value] : options.arguments) import.symbols[name] = size_of_symbol(name, value);
  auto imported = onnx::import_model(onnx::read_model(path), import);
  return ModelAccess::make(std::move(imported.graph), std::move(imported.weights));
}

Model load_description(std::string_view text, std::string_view file, const LoadOptions& options) {
  return ModelAccess::make(load_model(text, file, {{options.arguments.begin(), options.arguments.end()}}));
}

}  // namespace

Model Model::load(const std::filesystem::path& path, const LoadOptions& options) {
  if (path.extension() == ".onnx") return load_onnx(path, options);
  if (path.extension() != ".sinter")
    fail_input("{}: expected a model in a .onnx or .sinter file", path.string());
  const auto bytes = read_file(path, largest_description);
  return load_description({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path.string(),
                          options);
}

Model Model::parse(std::string_view text, const LoadOptions& options) {
  return load_description(text, "model", options);
}

Model Model::embedded(std::string_view name, const LoadOptions& options) {
  const auto text = embedded_model(name);
  if (!text)
    fail_input("no embedded model is named \"{}\"; there are {}", name,
               fmt::join(embedded_model_names(), ", "));
  return load_description(*text, fmt::format("{}.sinter", name), options);
}

std::vector<std::string> Model::embedded_names() {
  const auto names = embedded_model_names();
  return {names.begin(), names.end()};
}

}  // namespace sinter
