#include "cli/check_case.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "cli/wrong_cases.h"
#include "frontends/onnx/import.h"
#include "frontends/onnx/read_model.h"
#include "runtime/session.h"

namespace sinter::cli {
namespace {

// input_0.pb, input_1.pb, .. as far as there are.
std::vector<Tensor> read_numbered(const std::filesystem::path& folder, std::string_view prefix,
                                  const std::vector<onnx::ModelValue>& values) {
  std::vector<Tensor> tensors;
  for (;;) {
    const auto path = folder / fmt::format("{}_{}.pb", prefix, tensors.size());
    if (!std::filesystem::exists(path)) return tensors;
    const size_t i = tensors.size();
    tensors.push_back(onnx::read_tensor(path, i < values.size() ? values[i].element_number : 0));
  }
}

std::vector<std::filesystem::path> data_sets(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.is_directory() && entry.path().filename().string().starts_with("test_data_set_"))
      found.push_back(entry.path());
  std::ranges::sort(found);
  return found;
}

// The sizes that the inputs give the model's symbols.
std::map<std::string, int64_t> symbols_of(const Graph& model, const std::vector<Tensor>& inputs) {
  std::map<std::string, int64_t> symbols;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Shape& shape = model.type(model.inputs()[i]).shape;
    for (size_t d = 0; d < shape.size() && d < inputs[i].shape().size(); ++d)
      if (shape[d].is_symbol()) symbols.emplace(shape[d].symbol, inputs[i].shape()[d]);
  }
  return symbols;
}

std::string place(int64_t index, const std::vector<int64_t>& shape) {
  std::vector<int64_t> at(shape.size());
  for (size_t d = shape.size(); d-- > 0; index /= shape[d]) at[d] = index % shape[d];
  return fmt::format("[{}]", fmt::join(at, ", "));
}

bool close(double found, double expected, const Tolerance& tolerance) {
  if (std::isnan(expected) || std::isnan(found)) return std::isnan(expected) && std::isnan(found);
  if (std::isinf(expected) || std::isinf(found)) return found == expected;
  return std::fabs(found - expected) <= tolerance.absolute + tolerance.relative * std::fabs(expected);
}

// A number of 16 bits is known to one unit of its last place: programs round or cut off.
Tolerance tolerance_for(const onnx::ModelValue& output, Tolerance tolerance) {
  constexpr int f16 = 10, bf16 = 16;
  if (output.element_number == f16) tolerance.relative = std::max(tolerance.relative, 0x1p-10);
  if (output.element_number == bf16) tolerance.relative = std::max(tolerance.relative, 0x1p-7);
  return tolerance;
}

// Empty where they agree.
std::string difference(const Tensor& found, const Tensor& expected, const Tolerance& tolerance) {
  if (found.type() != expected.type())
    return fmt::format("is {}; expected {}", to_string(found.type()), to_string(expected.type()));
  int64_t differing = 0, first = 0;
  for (int64_t i = found.count(); i-- > 0;)
    if (!close(found.at(i), expected.at(i), tolerance)) ++differing, first = i;
  if (differing == 0) return {};
  return fmt::format("element {} is {}; expected {} ({} of {} differ)", place(first, found.shape()),
                     found.at(first), expected.at(first), differing, found.count());
}

std::vector<Tensor> run_model(const onnx::ImportedModel& model, const std::vector<Tensor>& inputs,
                              const GlobalOptions& global, const std::shared_ptr<ThreadPool>& pool) {
  PassOptions options;
  options.symbols = symbols_of(model.graph, inputs);
  const auto executable = compile(model.graph, {.backend = global.backend,
                                                .passes = inference_passes(),
                                                .pass_options = options,
                                                .backend_options = global.backend_options});
  Session session(executable, pool, Weights(model.weights));
  session.run(inputs);
  std::vector<Tensor> results;
  for (size_t i = 0; i < model.graph.results().size(); ++i) results.push_back(session.result(i));
  return results;
}

// What an input is declared as and not given as; empty: nothing.
std::string contradiction(const std::vector<onnx::ModelValue>& declared, const std::vector<Tensor>& given) {
  for (size_t i = 0; i < given.size(); ++i) {
    if (!declared[i].type) continue;
    const Type &type = *declared[i].type, found = given[i].type();
    const auto fits = [](const Dim& size, const Dim& other) { return size.is_symbol() || size == other; };
    if (type.dtype != found.dtype || !std::ranges::equal(type.shape, found.shape, fits))
      return fmt::format("input_{}.pb holds {}; its model declares \"{}\" as {}", i, to_string(found),
                         declared[i].name, to_string(type));
  }
  return {};
}

std::optional<std::string> why_skipped(const onnx::Model& model) {
  try {
    onnx::check_tensors(model);
    return std::nullopt;
  } catch (const InputError& error) {
    return error.message();
  }
}

CaseOutcome run_data_set(const onnx::Model& model, const std::filesystem::path& folder,
                         const Tolerance& tolerance, const GlobalOptions& global,
                         const std::shared_ptr<ThreadPool>& pool) {
  const auto inputs = read_numbered(folder, "input", model.inputs),
             expected = read_numbered(folder, "output", model.outputs);
  if (inputs.size() != model.inputs.size())
    return {CaseOutcome::Kind::failed, fmt::format("{} inputs in {}; the model takes {}", inputs.size(),
                                                   folder.string(), model.inputs.size())};
  if (const std::string text = contradiction(model.inputs, inputs); !text.empty())
    return {CaseOutcome::Kind::skipped, text};
  onnx::ImportOptions options;
  for (size_t i = 0; i < inputs.size(); ++i) options.inputs.emplace(model.inputs[i].name, inputs[i]);
  std::optional<onnx::ImportedModel> imported;
  try {
    imported = onnx::import_model(model, options);
  } catch (const InputError& error) {
    return {CaseOutcome::Kind::skipped, error.message()};
  }
  const auto results = run_model(*imported, inputs, global, pool);
  if (results.size() != expected.size())
    return {CaseOutcome::Kind::failed, fmt::format("{} outputs in {}; the model has {}", expected.size(),
                                                   folder.string(), results.size())};
  for (size_t i = 0; i < results.size(); ++i)
    if (const std::string text =
            difference(results[i], expected[i], tolerance_for(model.outputs[i], tolerance));
        !text.empty()) {
      if (const auto wrong = why_wrong(folder)) return {CaseOutcome::Kind::skipped, std::string(*wrong)};
      return {CaseOutcome::Kind::failed, fmt::format("output \"{}\" {}", model.outputs[i].name, text)};
    }
  return {CaseOutcome::Kind::passed};
}

}  // namespace

CaseOutcome run_case(const std::filesystem::path& folder, const Tolerance& tolerance,
                     const GlobalOptions& global, const std::shared_ptr<ThreadPool>& pool) {
  std::set<std::string> ops;
  CaseOutcome outcome{CaseOutcome::Kind::passed};
  try {
    const onnx::Model model = onnx::read_model(folder / "model.onnx");
    if (const auto reason = why_skipped(model)) outcome = {CaseOutcome::Kind::skipped, *reason};
    for (const onnx::ModelNode& node : model.nodes) ops.insert(node.op);
    const auto sets = data_sets(folder);
    if (sets.empty()) outcome = {CaseOutcome::Kind::skipped, "no folder test_data_set_* beside the model"};
    for (const auto& set : sets)
      if (outcome.kind == CaseOutcome::Kind::passed)
        outcome = run_data_set(model, set, tolerance, global, pool);
  } catch (const std::exception& error) {
    outcome = {CaseOutcome::Kind::failed, error.what()};
  }
  outcome.ops = std::move(ops);
  return outcome;
}

}  // namespace sinter::cli
