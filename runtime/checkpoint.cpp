#include "runtime/checkpoint.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "runtime/files/parts_file.h"

namespace sinter {
namespace {

using nlohmann::ordered_json;

constexpr std::string_view magic = "sinter checkpoint 2\n";
constexpr std::string_view training = "training", parameter = "parameter ", state = "state ",
                           record = "record", end = "end";

std::string training_text(const Checkpoint& checkpoint) {
  const TrainingPosition& position = checkpoint.position;
  ordered_json recipe = ordered_json::object();
  for (const auto& [name, value] : checkpoint.recipe) recipe[name] = value;
  return ordered_json{{"epoch", position.epoch},
                      {"step", position.step},
                      {"lr", position.lr},
                      {"loss", position.totals.loss},  // numbers are written so that they are read the same
                      {"correct", position.totals.correct},
                      {"count", position.totals.count},
                      {"best", checkpoint.best.best},
                      {"best_epoch", checkpoint.best.epoch},
                      {"plan", checkpoint.plan},
                      {"recipe", recipe}}
      .dump(-1, ' ', false, ordered_json::error_handler_t::replace);  // a folder's name may be no UTF-8
}

void read_training(Checkpoint& checkpoint, const Location& place, std::string_view text) {
  try {
    const ordered_json json = ordered_json::parse(text);
    checkpoint.position = {.epoch = json.at("epoch"),
                           .step = json.at("step"),
                           .lr = json.at("lr"),
                           .totals = {json.at("loss"), json.at("correct"), json.at("count")}};
    checkpoint.best = {json.at("best").is_null() ? std::nan("") : json.at("best").get<double>(),  // no number
                       json.at("best_epoch")};
    checkpoint.plan = json.at("plan");
    for (const auto& [name, value] : json.at("recipe").items()) checkpoint.recipe.emplace_back(name, value);
  } catch (const nlohmann::json::exception& error) {  // the checksum fits: another program wrote it
    fail_input_at(place, "part \"{}\" is not what it should be: {}", training, error.what());
  }
}

// The parameters that are trained, but for those that the other side has frozen: as states they are there
// too.
struct Trained {
  std::vector<std::pair<std::string, Type>> types = {};
  std::vector<size_t> numbers = {};  ///< of each among all parameters, from 1
  size_t count = 0;                  ///< of all
  std::vector<std::string> frozen_elsewhere = {};

  void add(const std::string& name, const Type& type, bool frozen) {
    ++count;
    if (frozen) return frozen_elsewhere.push_back(name);
    types.emplace_back(name, type);
    numbers.push_back(count);
  }
  std::string show(size_t index) const {
    if (index >= types.size()) return fmt::format("{} parameter{}", count, count == 1 ? "" : "s");
    const auto& [name, type] = types[index];
    return fmt::format("\"{}\": {} as parameter {}", name, to_string(type), numbers[index]);
  }
};

Trained trained_here(const Checkpoint& checkpoint, const Graph& model) {
  Trained trained;
  for (const ValueId id : model.parameters()) {
    const ValueInfo& info = model.info(id);
    const auto found = checkpoint.states.find(info.name);
    trained.add(info.name, info.type, found != checkpoint.states.end() && found->second.type() == info.type);
  }
  return trained;
}

Trained trained_there(const Checkpoint& checkpoint, const Graph& model) {
  Trained trained;
  for (const auto& [name, tensor] : checkpoint.parameters)
    trained.add(name, tensor.type(), std::ranges::any_of(model.states(), [&](ValueId id) {
                  return model.info(id).name == name && model.type(id) == tensor.type();
                }));
  return trained;
}

std::string named(const std::vector<std::string>& names) {
  const size_t more = names.size() - 1;
  return fmt::format("\"{}\"{}", names[0], more == 0 ? "" : fmt::format(" and {} more", more));
}

}  // namespace

NamedTensors Checkpoint::tensors() const {
  NamedTensors all = states;
  all.insert(parameters.begin(), parameters.end());
  return all;
}

Checkpoint take_checkpoint(const Graph& model, const Weights& weights, const TrainingPosition& position,
                           Recipe recipe, std::string plan) {
  Checkpoint checkpoint{
      .position = position, .best = {}, .recipe = std::move(recipe), .plan = std::move(plan)};
  checkpoint.states = weights.tensors();
  for (const ValueId id : model.parameters()) {
    const auto found = checkpoint.states.find(model.info(id).name);
    checkpoint.parameters.emplace_back(found->first, found->second);
    checkpoint.states.erase(found);
  }
  return checkpoint;
}

void write_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint) {
  PartsWriter file(path, magic);
  file.write(training, training_text(checkpoint));
  for (const auto& [name, tensor] : checkpoint.parameters)
    file.write(fmt::format("{}{}", parameter, name), tensor);
  for (const auto& [name, tensor] : checkpoint.states) file.write(fmt::format("{}{}", state, name), tensor);
  if (!checkpoint.record.empty()) file.write(record, checkpoint.record);
  file.write(end, std::string_view());
  file.commit();
}

Checkpoint read_checkpoint(const std::filesystem::path& path) {
  PartsReader file(path, magic);
  Checkpoint checkpoint;
  std::string_view last;
  bool known = false;
  while (const auto part = file.next()) {
    last = part->name;
    if (part->name == training) {
      read_training(checkpoint, file.place(), part->bytes);
      known = true;
    } else if (part->name.starts_with(parameter)) {
      checkpoint.parameters.emplace_back(part->name.substr(parameter.size()), file.tensor(*part));
    } else if (part->name.starts_with(state)) {
      checkpoint.states.emplace(part->name.substr(state.size()), file.tensor(*part));
    } else if (part->name == record) {
      checkpoint.record = part->bytes;
    } else if (part->name != end) {
      fail_input_at(file.place(), "part \"{}\" is not one of a checkpoint", part->name);
    }
  }
  if (!known || last != end)
    fail_input_at(file.place(), "the checkpoint ends early: its last part is missing");
  return checkpoint;
}

void check_parameters(const std::string& path, const Checkpoint& checkpoint, const Graph& model) {
  const Trained here = trained_here(checkpoint, model), there = trained_there(checkpoint, model);
  for (size_t i = 0; i < std::max(here.types.size(), there.types.size()); ++i) {
    if (i < here.types.size() && i < there.types.size() && here.types[i] == there.types[i]) continue;
    fail_input("{}: a checkpoint of another model: it has {}; model \"{}\" has {}", path, there.show(i),
               model.name, here.show(i));
  }
  if (!here.frozen_elsewhere.empty())
    fail_input(
        "{}: the checkpoint's training has frozen {}, which this run has not (--freeze). A training goes on "
        "as it began",
        path, named(here.frozen_elsewhere));
  if (!there.frozen_elsewhere.empty())
    fail_input(
        "{}: the checkpoint's training has trained {}, which this run has frozen (--freeze). A training goes "
        "on as it began",
        path, named(there.frozen_elsewhere));
}

void check_states(const std::string& path, const Checkpoint& checkpoint, const Graph& step) {
  for (const ValueId id : step.states()) {
    const ValueInfo& info = step.info(id);
    const auto found = checkpoint.states.find(info.name);
    if (found == checkpoint.states.end() || found->second.type().shape != info.type.shape)
      fail_input("{}: the checkpoint lacks \"{}\": {}, which this training keeps", path, info.name,
                 to_string(info.type));
  }
  if (checkpoint.states.size() > step.states().size())
    fail_input("{}: the checkpoint has {} states; this training keeps {}", path, checkpoint.states.size(),
               step.states().size());
}

}  // namespace sinter
