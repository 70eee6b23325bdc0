#include "cli/benchmark_cases.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "cli/batch_option.h"

namespace sinter::cli {
namespace {

constexpr int64_t largest_batch = 1 << 20;

std::vector<std::string> elements(std::string_view option, const std::string& list,
                                  std::string_view expected) {
  std::vector<std::string> elements;
  for (size_t at = 0; at <= list.size();) {
    const size_t end = std::min(list.find(',', at), list.size());
    elements.push_back(list.substr(at, end - at));
    if (elements.back().empty())
      fail_input("{} \"{}\": element {} is empty; expected {}, or several separated by commas", option, list,
                 elements.size(), expected);
    at = end + 1;
  }
  return elements;
}

std::vector<std::string> modes(const std::string& list) {
  constexpr std::string_view expected = "infer or train";
  const auto words = elements("--mode", list, expected);
  for (const std::string& word : words)
    if (word != "infer" && word != "train")
      fail_input("--mode {}: \"{}\" is no mode; expected {}", list, word, expected);
  return words;
}

// Those of the option; where it is not given one image, or with a fixed batch what the model says.
std::vector<BatchOption> batches(const std::optional<std::string>& list, const Graph& model) {
  if (!list) return {BatchOption{}.or_one(model)};
  const std::string expected = fmt::format("an integer from 1 to {}", largest_batch);
  std::vector<BatchOption> batches;
  for (const std::string& text : elements("--batch-size", *list, expected)) {
    int64_t size = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
    if (error != std::errc{} || end != text.data() + text.size() || size < 1 || size > largest_batch)
      fail_input("--batch-size {}: \"{}\" is not {}", *list, text, expected);
    batches.push_back({size});
  }
  return batches;
}

BenchmarkOptions benchmark_options(const BenchmarkRequest& request, const GlobalOptions& global,
                                   const std::string& mode) {
  return {.train = mode == "train",
          .repeat = request.repeat,
          .seed = global.seed,
          .backend = global.backend,
          .pass_options = request.pass_options,
          .backend_options = global.backend_options};
}

}  // namespace

std::vector<BenchmarkCase> benchmark_cases(const BenchmarkRequest& request, const GlobalOptions& global) {
  std::vector<BenchmarkCase> cases;
  for (const std::string& name : elements("MODEL", request.model.model, "a model")) {
    const auto model = std::make_shared<const Graph>(ModelOption{name, request.model.set}.load());
    for (const std::string& mode : modes(request.mode))
      for (const BatchOption& batch : batches(request.batch_size, *model)) {
        BenchmarkOptions options = benchmark_options(request, global, mode);
        options.pass_options.symbols = batch.symbols(*model);
        const double flops = step_flops(*model, options);
        cases.push_back({name, model, mode, std::move(options), flops});
      }
  }
  return cases;
}

}  // namespace sinter::cli
