#include "runtime/training_recipe.h"

#include <zlib.h>

#include <algorithm>

#include "ir/philox.h"
#include "ir/text.h"
#include "passes/optimizer.h"

namespace sinter {
namespace {

constexpr std::string_view graph_item = "graph";
constexpr std::string_view unknown = "not known";

template <typename T>
uint32_t checksum(uint32_t begin, const std::vector<T>& values) {
  if (values.empty()) return begin;  // zlib begins anew where there are no bytes
  return static_cast<uint32_t>(
      crc32_z(begin, reinterpret_cast<const Bytef*>(values.data()), values.size() * sizeof(T)));
}

// The name comes last: that of a folder may change, what is in it may not.
std::string describe(const DataSet& data) {
  const Examples& examples = data.train;
  uint32_t sum = checksum(checksum(0, examples.labels), examples.pixels);
  if (examples.values != nullptr) {
    const int64_t elements = examples.count * examples.channels * examples.height * examples.width;
    sum = static_cast<uint32_t>(
        crc32_z(sum, reinterpret_cast<const Bytef*>(examples.values.get()), elements * sizeof(float)));
  }
  for (const auto& file : examples.files) {
    const std::string name = file.filename().string();
    sum = checksum(sum, std::vector<char>(name.begin(), name.end()));
  }
  return fmt::format("{} pictures of {} x {} x {}, checksum {:08x} ({})", examples.count, examples.channels,
                     examples.size().height, examples.size().width, sum, data.name);
}

std::string_view compared(std::string_view item, std::string_view value) {
  return item == "data" ? value.substr(0, value.find(" (")) : value;
}

std::string describe(const Normalization& normalization) {
  if (normalization.mean.empty()) return "none";
  return fmt::format("{},{}", fmt::join(normalization.mean, ","), fmt::join(normalization.std, ","));
}

std::string describe(const Augmentation& augmentation) {
  if (!augmentation.any()) return "none";
  const std::string crop =
      augmentation.crop_padding > 0 ? fmt::format("crop:{}", augmentation.crop_padding) : "";
  return crop + (crop.empty() || !augmentation.flip ? "" : ",") + (augmentation.flip ? "flip" : "");
}

std::string number_or(std::string_view none, double value) {
  return value == 0 ? std::string(none) : fmt::format("{}", value);
}

void add_model(Recipe& recipe, const Graph& model) {
  std::vector<std::byte> constants;
  recipe.emplace_back("model", model.name);
  recipe.emplace_back(graph_item, print(model, &constants));
  if (!constants.empty())
    recipe.emplace_back("checksum of the model's constants", fmt::format("{:08x}", checksum(0, constants)));
}

std::string attribute_text(const AttributeValue& value) {
  if (const bool* flag = std::get_if<bool>(&value)) return *flag ? "on" : "off";
  return fmt::format("{}", std::get<double>(value));
}

// The names are those of the update's attributes, in words.
void add_optimizer(Recipe& recipe, const PassOptions& options) {
  recipe.emplace_back("optimizer", options.optimizer);
  for (const auto& [name, value] : optimizer_of(options).attributes) {
    std::string words(name);
    std::ranges::replace(words, '_', ' ');
    recipe.emplace_back(words, attribute_text(value));
  }
  if (options.optimizer == "rmsprop")
    recipe.emplace_back("centered", options.adaptive.centered ? "on" : "off");
}

void add_course(Recipe& recipe, const TrainOptions& options) {
  recipe.emplace_back("learning rate schedule", schedule_text(options.schedule));
  if (options.schedule.needs_length())
    recipe.emplace_back("length of the schedule", fmt::format("{} epochs", options.epochs));
  recipe.emplace_back("warm-up", warmup_text(options.schedule));
  recipe.emplace_back("learning rate", fmt::format("{}", options.lr));
}

void add_loss(Recipe& recipe, const PassOptions& options) {
  recipe.emplace_back("loss", options.loss);
  recipe.emplace_back("loss reduction", options.loss_reduction);
  recipe.emplace_back("label smoothing", fmt::format("{}", options.label_smoothing));
  recipe.emplace_back("limit of the gradients' elements", number_or("none", options.clip.value));
  recipe.emplace_back("limit of the gradients' norm", number_or("none", options.clip.norm));
}

std::string_view recompute_text(Recompute choice) {
  switch (choice) {
    case Recompute::automatic:
      return "auto";
    case Recompute::never:
      return "never";
    case Recompute::always:
      return "always";
  }
  return "";
}

// The first lines that differ say more than the whole texts.
[[noreturn]] void refuse_graph(const std::string& path, std::string_view model, std::string_view checkpoint,
                               std::string_view run, const std::string& hint) {
  for (int line = 1;; ++line) {
    const std::string_view there = checkpoint.substr(0, checkpoint.find('\n')),
                           here = run.substr(0, run.find('\n'));
    if (there != here || there.size() == checkpoint.size() || here.size() == run.size())
      fail_input(
          "{}: a checkpoint of another model: line {} of its graph is\n{}\nmodel \"{}\" has\n{}\nthere{}",
          path, line, there, model, here, hint);
    checkpoint.remove_prefix(there.size() + 1);
    run.remove_prefix(here.size() + 1);
  }
}

}  // namespace

Recipe recipe_of(const Graph& model, const DataSet& data, const TrainOptions& options) {
  Recipe recipe;
  add_model(recipe, model);
  add_optimizer(recipe, options.pass_options);
  add_course(recipe, options);
  recipe.emplace_back("batch size", fmt::format("{}", options.batch_size));
  recipe.emplace_back("accumulation", fmt::format("{} batches", options.accumulate));
  add_loss(recipe, options.pass_options);
  recipe.emplace_back("seed", fmt::format("{}", options.seed));  // before the data, which may be drawn by it
  recipe.emplace_back("data", describe(data));
  recipe.emplace_back("limit of examples", number_or("none", static_cast<double>(options.limit)));
  recipe.emplace_back("shuffling", options.shuffle ? "on" : "off");
  recipe.emplace_back("normalisation", describe(options.normalization));
  recipe.emplace_back("augmentation", describe(options.augmentation));
  recipe.emplace_back("backend", options.backend);
  recipe.emplace_back("recompute", recompute_text(options.pass_options.recompute));
  return recipe;
}

std::string_view recipe_item(const Recipe& recipe, std::string_view name) {
  const auto found = std::ranges::find(recipe, name, &Recipe::value_type::first);
  return found == recipe.end() ? unknown : std::string_view(found->second);
}

void check_recipe(const std::string& path, const Recipe& checkpoint, const Recipe& run,
                  const ItemOption& option) {
  for (const auto& [name, value] : run) {
    const std::string_view before = recipe_item(checkpoint, name);
    if (before == unknown || compared(name, before) == compared(name, value)) continue;
    const std::string told = option ? option(name) : "", hint = told.empty() ? "" : " (" + told + ")";
    if (name == graph_item) refuse_graph(path, recipe_item(run, "model"), before, value, hint);
    fail_input("{}: the checkpoint's {} is {}; this run's is {}{}. A training goes on as it began", path,
               name, before, value, hint);
  }
}

std::string plan_of(const Trainer& trainer) {
  std::string text;
  for (const Executable* executable : trainer.executables()) {
    text += executable->versions + print(executable->graph);
    for (const CompiledNode& node : executable->program.nodes)
      text += fmt::format("{} {}\n", node.backend, node.kernels.size());
  }
  return fmt::format("{:016x}", stream_id(text));
}

}  // namespace sinter
