#include "runtime/data/npy_set.h"

#include <algorithm>

#include "ir/error.h"
#include "runtime/data/held_out.h"
#include "runtime/files/npy.h"

namespace sinter {
namespace {

constexpr int64_t most_classes = 65536;  // labels are 16 bits

std::vector<std::string> split_at_commas(std::string_view text) {
  std::vector<std::string> parts(1);
  for (const char c : text)
    if (c == ',')
      parts.emplace_back();
    else
      parts.back() += c;
  return parts;
}

void read_pictures(Examples& examples, const std::string& file) {
  const auto tensor = std::make_shared<const Tensor>(read_npy(file));
  std::vector<int64_t> shape = tensor->shape();
  const bool any = std::ranges::find(shape, 0) == shape.end(), bytes = tensor->dtype() == DType::u8;
  if ((!bytes && tensor->dtype() != DType::f32) || (shape.size() != 3 && shape.size() != 4) || !any)
    fail_input_at({.file = file},
                  "holds {}, expected u8 or f32, [n, height, width] or [n, channels, height, width]",
                  to_string(tensor->type()));
  if (shape.size() == 3) shape.insert(shape.begin() + 1, 1);
  if (bytes && shape[1] != 1 && shape[1] != 3)
    fail_input_at({.file = file}, "holds {}, expected 1 or 3 channels as its second dimension",
                  to_string(tensor->type()));
  examples = {.count = shape[0], .channels = shape[1], .height = shape[2], .width = shape[3]};
  if (bytes) {
    const auto pixels = tensor->values<uint8_t>();
    examples.pixels.assign(pixels.begin(), pixels.end());
  } else {
    examples.values = {tensor, tensor->values<float>().data()};
  }
}

void read_labels(Examples& examples, const std::string& file, const std::string& pictures,
                 int64_t model_classes) {
  const Tensor tensor = read_npy(file);
  const bool whole = !is_floating(tensor.dtype()) && tensor.dtype() != DType::boolean;
  if (!whole || tensor.shape() != std::vector{examples.count})
    fail_input_at({.file = file}, "holds {}, expected i64[{}], i32 or u8: a label for each picture in {}",
                  to_string(tensor.type()), examples.count, pictures);
  const bool known = model_classes > 0;
  const int64_t classes = known ? std::min(model_classes, most_classes) : most_classes;
  for (int64_t i = 0; i < tensor.count(); ++i) {
    const double label = tensor.at(i);
    if (label < 0 || label >= static_cast<double>(classes))
      fail_input_at({.file = file}, "label {} is {}, expected 0 to {}{}", i, label, classes - 1,
                    known ? ", a number for each of the model's outputs" : "");
    examples.labels.push_back(static_cast<uint16_t>(label));
  }
}

Examples read_split(const std::string& pictures, const std::string& labels, int64_t model_classes) {
  Examples examples;
  read_pictures(examples, pictures);
  read_labels(examples, labels, pictures, model_classes);
  return examples;
}

// Those that are held out, or those that are not.
Examples part(const Examples& all, const std::vector<bool>& held_out, bool held) {
  Examples part = {.channels = all.channels, .height = all.height, .width = all.width};
  const int64_t elements = all.channels * all.height * all.width;
  const auto append = [&](auto& to, const auto* from, int64_t i) {
    to.insert(to.end(), from + i * elements, from + (i + 1) * elements);
  };
  const auto values = std::make_shared<std::vector<float>>();
  for (int64_t i = 0; i < all.count; ++i) {
    if (held_out[i] != held) continue;
    if (all.values != nullptr)
      append(*values, all.values.get(), i);
    else
      append(part.pixels, all.pixels.data(), i);
    part.labels.push_back(all.labels[i]);
    ++part.count;
  }
  if (all.values != nullptr) part.values = {values, values->data()};
  return part;
}

void hold_out(DataSet& data, double share) {
  const std::vector<bool> held = held_out(data.train.labels, share);
  data.test = part(data.train, held, true);
  data.train = part(data.train, held, false);
}

int64_t class_count(const DataSet& data, int64_t model_classes) {
  if (model_classes > 0) return model_classes;
  uint16_t largest = 0;
  for (const Examples* split : {&data.train, &data.test})
    for (const uint16_t label : split->labels) largest = std::max(largest, label);
  return largest + 1;
}

void check_splits(const DataSet& data, const std::vector<std::string>& files) {
  const Examples &train = data.train, &test = data.test;
  const auto type = [](const Examples& examples) { return examples.values != nullptr ? "f32" : "u8"; };
  if (type(train) != std::string_view(type(test)))
    fail_input_at({.file = files[2]}, "holds {}, expected {} as in {}", type(test), type(train), files[0]);
  if (train.channels != test.channels || train.size() != test.size())
    fail_input_at({.file = files[2]}, "pictures of {} x {} x {}, expected {} x {} x {} as in {}",
                  test.channels, test.height, test.width, train.channels, train.height, train.width,
                  files[0]);
}

}  // namespace

DataSet load_npy_set(std::string_view argument, const DataOptions& options) {
  const std::vector<std::string> files = split_at_commas(argument);
  if ((files.size() != 2 && files.size() != 4) || std::ranges::find(files, "") != files.end())
    fail_input("data set \"npy:{}\": expected npy:X.npy,Y.npy or npy:X.npy,Y.npy,XTEST.npy,YTEST.npy",
               argument);
  if (files.size() == 2 && options.test_share <= 0 && options.needs_test)
    fail_input(
        "data set \"npy:{}\" has no test split: expected two more files, or --test-share 0.2 to hold out a "
        "fifth of each class",
        argument);
  if (files.size() == 4 && options.test_share > 0)
    fail_input("data set \"npy:{}\" has a test split; expected no --test-share beside it", argument);
  DataSet data{.name = std::filesystem::path(files[0]).stem().string()};
  data.train = read_split(files[0], files[1], options.model_classes);
  if (files.size() == 4) {
    data.test = read_split(files[2], files[3], options.model_classes);
    check_splits(data, files);
  } else if (options.test_share > 0) {
    hold_out(data, options.test_share);
  } else {
    data.test = data.train.none();
  }
  if (options.test_share > 0 && (data.test.count == 0 || data.train.count == 0))
    fail_input_at({.file = files[0]}, "{} pictures are too few for a test split",
                  data.train.count + data.test.count);
  const int64_t classes = class_count(data, options.model_classes);
  for (int64_t label = 0; label < classes; ++label) data.classes.push_back(std::to_string(label));
  return data;
}

}  // namespace sinter
