#include "runtime/training_recipe.h"

#include <zlib.h>

#include <algorithm>
#include <array>

#include "ir/philox.h"
#include "ir/text.h"

namespace sinter {
namespace {

template <typename T>
uint32_t checksum(uint32_t begin, const std::vector<T>& values) {
  if (values.empty()) return begin;  // zlib begins anew where there are no bytes
  return static_cast<uint32_t>(
      crc32_z(begin, reinterpret_cast<const Bytef*>(values.data()), values.size() * sizeof(T)));
}

std::string describe(const Examples& examples) {
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
  return fmt::format("{} pictures of {} x {} x {}, checksum {:08x}", examples.count, examples.channels,
                     examples.size().height, examples.size().width, sum);
}

std::string describe(const Normalization& normalization) {
  if (normalization.mean.empty()) return "none";
  return fmt::format("{},{}", fmt::join(normalization.mean, ","), fmt::join(normalization.std, ","));
}

std::string describe(const Augmentation& augmentation) {
  return fmt::format("crop with padding {}{}", augmentation.crop_padding, augmentation.flip ? ", flip" : "");
}

std::string describe(const LrSchedule& schedule, int64_t epochs) {
  constexpr std::array<std::string_view, 5> names = {"constant", "step", "multistep", "cosine", "one-cycle"};
  return fmt::format(
      "{}{}, epochs {}, gamma {}, bound {}, warm-up {}{}", names[static_cast<size_t>(schedule.kind)],
      schedule.needs_length() ? fmt::format(" over {} epochs", epochs) : "", fmt::join(schedule.epochs, " "),
      schedule.gamma, schedule.bound, schedule.warmup, schedule.warmup_in_epochs ? " epochs" : "");
}

std::string describe_optimizer(const PassOptions& options) {
  const AdaptiveOptions& adaptive = options.adaptive;
  return fmt::format("{} with momentum {}{}, weight decay {}, betas {} {}, eps {}, alpha {}{}",
                     options.optimizer, options.momentum, options.nesterov ? " (nesterov)" : "",
                     options.weight_decay ? fmt::format("{}", *options.weight_decay) : "default",
                     adaptive.beta1, adaptive.beta2, adaptive.eps, adaptive.alpha,
                     adaptive.centered ? " (centered)" : "");
}

}  // namespace

Recipe recipe_of(const Graph& model, const DataSet& data, const TrainOptions& options) {
  const PassOptions& passes = options.pass_options;
  return {{"model", fmt::format("{}, {:016x}", model.name, stream_id(print(model)))},
          {"data", describe(data.train)},
          {"limit of examples", fmt::format("{}", options.limit)},
          {"batch size", fmt::format("{}", options.batch_size)},
          {"seed", fmt::format("{}", options.seed)},
          {"shuffling", options.shuffle ? "on" : "off"},
          {"normalisation", describe(options.normalization)},
          {"augmentation", describe(options.augmentation)},
          {"loss", fmt::format("{}, {}, label smoothing {}", passes.loss, passes.loss_reduction,
                               passes.label_smoothing)},
          {"learning rate", fmt::format("{}", options.lr)},
          {"schedule", describe(options.schedule, options.epochs)},
          {"accumulation", fmt::format("{} batches", options.accumulate)},
          {"gradients' limit", fmt::format("value {}, norm {}", passes.clip.value, passes.clip.norm)},
          {"optimizer", describe_optimizer(passes)},
          {"backend", options.backend}};
}

void check_recipe(const std::string& path, const Recipe& checkpoint, const Recipe& run) {
  for (const auto& [name, value] : run) {
    const auto found = std::ranges::find(checkpoint, name, &Recipe::value_type::first);
    if (found == checkpoint.end() || found->second != value)
      fail_input("{}: the checkpoint's {} is {}; this run's is {}. A training goes on as it began", path,
                 name, found == checkpoint.end() ? "not known" : found->second, value);
  }
}

std::string plan_of(const Trainer& trainer) {
  std::string text;
  for (const Executable* executable : trainer.executables()) {
    text += print(executable->graph);
    for (const CompiledNode& node : executable->program.nodes)
      text += fmt::format("{} {}\n", node.backend, node.kernels.size());
  }
  return fmt::format("{:016x}", stream_id(text));
}

}  // namespace sinter
