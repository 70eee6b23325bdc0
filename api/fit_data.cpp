#include "api/fit_data.h"

#include "api/labels.h"

namespace sinter {
namespace {

constexpr int64_t most_classes = 65536;  // labels are 16 bits

void check_classifier(const Graph& model) {
  bool fits = model.inputs().size() == 1 && model.results().size() == 1;
  if (fits) {
    const Type& input = model.type(model.inputs()[0]);
    const Shape& scores = model.type(model.results()[0].value).shape;
    fits = input.dtype == DType::f32 && input.shape.size() == 4 && input.shape[0].is_symbol() &&
           is_concrete({input.shape.begin() + 1, input.shape.end()}) && scores.size() == 2 &&
           !scores[1].is_symbol() && scores[1].size <= most_classes;
  }
  if (!fits)
    fail_input(
        "model \"{}\" is not what fit() trains: one input f32[N, channels, height, width] of a symbol N and "
        "one output [N, classes]; TrainingSession trains others",
        model.name);
}

Examples examples_of(const Graph& model, const LabelledData& data, std::string_view what) {
  const ValueInfo& input = model.info(model.inputs()[0]);
  const Shape& shape = input.type.shape;
  Examples examples{.count = std::ssize(data.labels),
                    .channels = shape[1].size,
                    .height = shape[2].size,
                    .width = shape[3].size};
  const int64_t elements = examples.count * examples.channels * examples.height * examples.width;
  const DType dtype = data.samples.dtype();
  if ((dtype != DType::f32 && dtype != DType::u8) || data.samples.count() != elements)
    fail_input("{}: found {} elements of {}; expected {} of f32 or u8, for {} labels and %{}: {}", what,
               data.samples.count(), to_string(dtype), elements, examples.count, input.name,
               to_string(input.type));
  std::vector<int64_t> labels(data.labels.size());
  read_labels(data.labels, model.type(model.results()[0].value).shape[1].size, labels);
  examples.labels.assign(labels.begin(), labels.end());
  if (dtype == DType::f32) {
    const std::shared_ptr<void> callers;  // who keeps them until the training ends
    examples.values = {callers, static_cast<const float*>(data.samples.data())};
  } else {
    const auto* pixels = static_cast<const uint8_t*>(data.samples.data());
    examples.pixels.assign(pixels, pixels + elements);
  }
  return examples;
}

}  // namespace

DataSet data_set_of(const Graph& model, const LabelledData& train, const LabelledData& validation) {
  check_classifier(model);
  if (train.labels.empty()) fail_input("no samples to train on");
  DataSet data{.name = "the samples"};
  const int64_t classes = model.type(model.results()[0].value).shape[1].size;
  for (int64_t label = 0; label < classes; ++label) data.classes.push_back(std::to_string(label));
  data.train = examples_of(model, train, "samples");
  data.test = examples_of(model, validation, "validation samples");
  return data;
}

Normalization normalization_of(const FitOptions& options) {
  return {.mean = options.mean, .std = options.std};
}

}  // namespace sinter
