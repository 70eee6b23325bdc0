#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <sinter/tensor_info.hpp>
#include <sinter/views.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace sinter {

/// First values of the weights. Biases are as in `standard`.
enum class Initialization {
  standard,         ///< PyTorch's: uniform within 1 / sqrt(fan in), biases too
  xavier_uniform,   ///< uniform within sqrt(6 / (fan in + fan out)); Glorot, Bengio, AISTATS 2010
  kaiming_uniform,  ///< uniform within sqrt(6 / fan in); He et al., ICCV 2015
  kaiming_normal,   ///< normal with the deviation sqrt(2 / fan in)
};

struct LoadOptions {
  /// Of a .sinter model values for its parameters, as the language writes them: {"classes", "100"}. Of an
  /// .onnx model sizes for its symbols: {"height", "224"}.
  std::map<std::string, std::string> arguments = {};
};

/// A network and its weights. Sessions made of a model share its weights: what one trains, the others use
/// from their next run on. They keep what they need; the model may go before them.
///
/// Weights come with an .onnx file; otherwise they are random, by `initialize(standard, 0)`, until
/// they are set or loaded.
///
/// Errors: InputError that names file and place, what was found and what was expected; Error where a file
/// cannot be written.
/// Thread safety: const functions may be called side by side, and beside sessions that do inference. Nothing
/// may be called beside another function, or while a session trains. A model that was moved from may only be
/// assigned to or destroyed.
class SINTER_API Model {
 public:
  /// Reads a .onnx or .sinter file.
  static Model load(const std::filesystem::path& path, const LoadOptions& options = {});
  /// A model in the Sinter language, given as text.
  static Model parse(std::string_view text, const LoadOptions& options = {});
  /// One of those that come with Sinter, by name: "lenet", "resnet18" and so on.
  static Model embedded(std::string_view name, const LoadOptions& options = {});
  static std::vector<std::string> embedded_names();

  Model(Model&&) noexcept;
  Model& operator=(Model&&) noexcept;
  ~Model();
  /// The same network with weights of its own.
  Model clone() const;

  std::string name() const;
  /// In the order in which runs take and give them. An output that the model does not name is called
  /// "output", or "output0" and so on where there are several.
  std::vector<TensorInfo> inputs() const;
  std::vector<TensorInfo> outputs() const;
  /// What is trained, in the model's order.
  std::vector<TensorInfo> parameters() const;
  /// What training keeps beside the parameters: running statistics of batch norm.
  std::vector<TensorInfo> states() const;

  /// Sets parameters and states anew; the same seed gives the same values.
  void initialize(Initialization scheme, uint64_t seed);
  /// Copies a parameter or state.
  void read(std::string_view name, OutputView elements) const;
  void write(std::string_view name, InputView elements);

  /// Writes network and weights as an .onnx file, opset 17, in which names and symbols stay; the file appears
  /// whole or not at all. Throws InputError that names the node where ONNX has no word for one.
  void save(const std::filesystem::path& path) const;

  /// A safetensors file of all parameters and states: no more, no less. PyTorch's counters of batch norm's
  /// steps may be there too. Nothing is changed where it does not fit.
  void load_weights(const std::filesystem::path& path);
  /// Writes one; the file appears whole or not at all.
  void save_weights(const std::filesystem::path& path) const;

 private:
  friend struct ModelAccess;
  struct SINTER_HIDDEN State;
  explicit Model(std::shared_ptr<State> state);

  std::shared_ptr<State> state_;
};

}  // namespace sinter
