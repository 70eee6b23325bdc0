#include "cli/model_inputs.h"

#include <algorithm>
#include <array>

#include "frontends/onnx/read_model.h"
#include "runtime/files/image.h"
#include "runtime/files/npy.h"

namespace sinter::cli {
namespace {

constexpr std::array<std::string_view, 3> picture_extensions = {".png", ".jpg", ".jpeg"};

std::string input_list(const Graph& model) {
  std::string text;
  for (const ValueId id : model.inputs())
    text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", model.info(id).name, to_string(model.type(id)));
  return text;
}

std::map<std::string, std::string> files_by_input(const std::vector<std::string>& arguments,
                                                  const Graph& model) {
  std::map<std::string, std::string> files;
  for (const std::string& argument : arguments) {
    const size_t equals = argument.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == argument.size())
      fail_input("--input {}: expected NAME=FILE; model \"{}\" takes {}", argument, model.name,
                 input_list(model));
    const std::string name = argument.substr(0, equals);
    const auto id = model.find(name);
    if (!id || model.info(*id).kind != ValueKind::input)
      fail_input("--input {}: model \"{}\" has no input \"{}\"; it takes {}", argument, model.name, name,
                 input_list(model));
    if (!files.emplace(name, argument.substr(equals + 1)).second)
      fail_input("--input {}: \"{}\" was given before", argument, name);
  }
  return files;
}

// The batch loader's arithmetic, so that a picture means to the model what it meant in training.
Tensor normalized(const Image& image, const Normalization& normalization) {
  const Examples one{1, image.channels, image.height, image.width, image.pixels, {0}};
  BatchLoader loader(one, {.normalization = normalization});
  loader.start(1);
  return loader.next()->images;
}

Tensor read_picture(const std::string& file, const ValueInfo& input, const NormalizeOption& normalize) {
  const Shape& shape = input.type.shape;
  const bool takes_pictures =
      input.type.dtype == DType::f32 && shape.size() == 4 && (shape[1] == Dim(1) || shape[1] == Dim(3));
  if (!takes_pictures)
    fail_input("{}: a picture is f32[N, C, H, W] with 1 or 3 channels; the model takes {}: {}", file,
               input.name, to_string(input.type));
  const Image image = read_image(file, shape[1].size);
  const auto fits = [](const Dim& dim, int64_t size) { return dim.is_symbol() || dim.size == size; };
  if (!fits(shape[2], image.height) || !fits(shape[3], image.width))
    fail_input("{}: a picture of {} x {} pixels (height x width); the model takes {} x {}", file,
               image.height, image.width, to_string(shape[2]), to_string(shape[3]));
  return normalized(image, normalize.normalization(image.channels));
}

// Holds a tensor against an input; its sizes become those of the input's symbols.
void match(const Tensor& tensor, const std::string& file, const ValueInfo& input,
           std::map<std::string, int64_t>& symbols) {
  const Shape& shape = input.type.shape;
  bool fits = tensor.dtype() == input.type.dtype && tensor.shape().size() == shape.size();
  for (size_t i = 0; fits && i < shape.size(); ++i) {
    const int64_t size = tensor.shape()[i];
    fits = size > 0 && size == (shape[i].is_symbol() ? symbols.emplace(shape[i].symbol, size).first->second
                                                     : shape[i].size);
  }
  if (fits) return;
  std::string bound;
  for (const auto& [symbol, size] : symbols)
    bound += fmt::format("{}{} = {}", bound.empty() ? " with " : ", ", symbol, size);
  fail_input("{}: holds {}; the model takes {}: {}{}", file, to_string(tensor.type()), input.name,
             to_string(input.type), bound);
}

}  // namespace

ModelInputs read_inputs(const std::vector<std::string>& arguments, const Graph& model,
                        const NormalizeOption& normalize) {
  const auto files = files_by_input(arguments, model);
  ModelInputs inputs;
  bool pictures = false;
  for (const ValueId id : model.inputs()) {
    const ValueInfo& input = model.info(id);
    const auto found = files.find(input.name);
    if (found == files.end())
      fail_input("--input {}=FILE is missing; model \"{}\" takes {}", input.name, model.name,
                 input_list(model));
    const std::string& file = found->second;
    const std::string extension = std::filesystem::path(file).extension();
    const bool picture = std::ranges::find(picture_extensions, extension) != picture_extensions.end();
    if (!picture && extension != ".npy" && extension != ".pb")
      fail_input("--input {}={}: expected a {}, .npy or .pb file", input.name, file,
                 fmt::join(picture_extensions, ", "));
    pictures = pictures || picture;
    inputs.tensors.push_back(picture              ? read_picture(file, input, normalize)
                             : extension == ".pb" ? onnx::read_tensor(file)
                                                  : read_npy(file));
    match(inputs.tensors.back(), file, input, inputs.symbols);
  }
  if (!normalize.text.empty() && !pictures)
    fail_input("--normalize {}: it is for pictures; an array is taken as it is", normalize.text);
  return inputs;
}

}  // namespace sinter::cli
