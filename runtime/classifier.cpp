#include "runtime/classifier.h"

#include <algorithm>
#include <numeric>

#include "passes/enter_training.h"

namespace sinter {
namespace {

// What makes pictures of another size fit.
std::string hint(const Shape& shape, int64_t channels) {
  const bool only_size =
      shape.size() == 4 && shape[1] == Dim(channels) && !shape[2].is_symbol() && !shape[3].is_symbol();
  return only_size ? fmt::format("; --resize {}x{} makes them fit", shape[2].size, shape[3].size) : "";
}

void check_one_input(const Graph& model) {
  if (model.inputs().size() != 1)
    fail_input("model \"{}\" has {} inputs; training on pictures needs one", model.name,
               model.inputs().size());
}

// The batch's symbol.
std::string check_batch_and_result(const Graph& model) {
  const ValueInfo& image = model.info(model.inputs()[0]);
  const Shape& shape = image.type.shape;
  if (shape.empty() || !shape[0].is_symbol())
    fail_input("model \"{}\" takes %{}: {} with a fixed batch; training needs a symbol such as N there",
               model.name, image.name, to_string(image.type));
  if (model.results().size() != 1)
    fail_input("model \"{}\" has {} results; a loss needs one", model.name, model.results().size());
  return shape[0].symbol;
}

std::string check_trainable(const Graph& model) {
  check_one_input(model);
  return check_batch_and_result(model);
}

// The batch's symbol, after the model was found to fit the data.
std::string check_fits(const Graph& model, const DataSet& data) {
  const int64_t channels = data.train.channels;
  const PictureSize size = data.train.size();
  check_one_input(model);
  const ValueInfo& image = model.info(model.inputs()[0]);
  const Shape& shape = image.type.shape;
  const bool fits = image.type.dtype == DType::f32 && shape.size() == 4 && shape[1] == Dim(channels) &&
                    shape[2] == Dim(size.height) && shape[3] == Dim(size.width);
  if (!fits)
    fail_input("model \"{}\" takes %{}: {}; the pictures of {} are f32[N, {}, {}, {}]{}", model.name,
               image.name, to_string(image.type), data.name, channels, size.height, size.width,
               hint(shape, channels));
  const std::string symbol = check_batch_and_result(model);
  const Shape& scores = model.type(model.results()[0].value).shape;
  const auto classes = static_cast<int64_t>(data.classes.size());
  const bool rows = scores.size() == 2 && scores[0] == shape[0];
  if (!rows || scores[1] != Dim(classes))
    fail_input(
        "model \"{}\" results in {}; {} has {} classes and needs [{}, {}]{}", model.name, to_string(scores),
        data.name, classes, symbol, classes,
        rows ? fmt::format("; --set classes={} makes them fit where the model takes it", classes) : "");
  return symbol;
}

size_t input_index(const Graph& graph, std::string_view name) {
  const auto id = graph.find(name);
  require(id.has_value(), "an input that the passes added");
  return std::ranges::find(graph.inputs(), *id) - graph.inputs().begin();
}

std::optional<size_t> optional_input(const Graph& graph, std::string_view name) {
  return graph.find(name) ? std::optional(input_index(graph, name)) : std::nullopt;
}

void set_one_hot(Tensor& target, const Tensor& labels) {
  const int64_t classes = target.shape()[1];
  const auto rows = target.values<float>();
  std::ranges::fill(rows, 0.0F);
  for (int64_t i = 0; i < labels.count(); ++i) rows[i * classes + labels.values<int64_t>()[i]] = 1;
}

}  // namespace

Classifier::Classifier(const Graph& model, const DataSet& data, Weights weights,
                       std::shared_ptr<ThreadPool> pool, ClassifierOptions options)
    : model_(model),
      weights_(std::move(weights)),
      pool_(std::move(pool)),
      options_(std::move(options)),
      symbol_(check_fits(model, data)) {}

Classifier::Classifier(const Graph& model, Weights weights, std::shared_ptr<ThreadPool> pool,
                       ClassifierOptions options)
    : model_(model),
      weights_(std::move(weights)),
      pool_(std::move(pool)),
      options_(std::move(options)),
      symbol_(check_trainable(model)) {}

void Classifier::prepare(int64_t batch_size) {
  if (programs_.contains(batch_size)) return;
  CompileOptions compile_options{options_.backend, options_.passes, options_.pass_options,
                                 options_.run_options, options_.backend_options};
  compile_options.pass_options.symbols[symbol_] = batch_size;
  const auto executable = compile(model_, compile_options);
  const Graph& graph = executable->graph;
  const bool one_hot = options_.pass_options.loss == "mse";
  auto program = std::make_unique<Program>(Program{
      .session = Session(executable, pool_, weights_),
      .inputs = {},
      .image = 0,
      .expected = input_index(graph, one_hot ? "target" : "labels"),
      .lr = optional_input(graph, "lr"),
      .share = optional_input(graph, "share"),
      .last = optional_input(graph, "last"),
      .dropout_seed = optional_input(graph, dropout_seed_input),
      .dropout_sample = optional_input(graph, dropout_sample_input),
      .loss = graph.find_result("loss").value(),
      .correct = graph.find_result("correct"),
      .scores = graph.find_result("scores"),
      .one_hot = one_hot,
  });
  for (const ValueId id : graph.inputs())
    program->inputs.emplace_back(graph.type(id).dtype, sizes(graph.type(id).shape));
  programs_.emplace(batch_size, std::move(program));
}

std::vector<const Executable*> Classifier::executables() const {
  std::vector<const Executable*> all;
  for (const auto& [batch_size, program] : programs_) all.push_back(&program->session.executable());
  return all;
}

BatchResult Classifier::run(const Batch& batch, const StepScalars& scalars) {
  Program& program = *programs_.at(batch.count);
  program.inputs[program.image] = batch.images;
  if (batch.target.defined())
    program.inputs[program.expected] = batch.target;
  else if (program.one_hot)
    set_one_hot(program.inputs[program.expected], batch.labels);
  else
    program.inputs[program.expected] = batch.labels;
  if (program.lr) program.inputs[*program.lr].set(0, scalars.lr);
  if (program.share) program.inputs[*program.share].set(0, scalars.share);
  if (program.last) program.inputs[*program.last].set(0, scalars.last ? 1 : 0);
  if (program.dropout_seed) {
    program.inputs[*program.dropout_seed].values<int64_t>()[0] = static_cast<int64_t>(scalars.seed);
    const auto samples = program.inputs[*program.dropout_sample].values<int64_t>();
    std::iota(samples.begin(), samples.end(), scalars.first_sample);
  }
  program.session.run(program.inputs);
  const Session& session = program.session;
  const double correct = program.correct ? session.result(*program.correct).at(0) : 0;
  return {session.result(program.loss).at(0), static_cast<int64_t>(correct)};
}

const Tensor& Classifier::scores(int64_t batch_size) const {
  const Program& program = *programs_.at(batch_size);
  return program.session.result(program.scores.value());
}

}  // namespace sinter
