#include <sinter/model.hpp>

#include "api/model_state.h"
#include "frontends/onnx/export.h"
#include "frontends/onnx/write_model.h"
#include "runtime/files/atomic_file.h"
#include "runtime/load_weights.h"

namespace sinter {

void Model::save(const std::filesystem::path& path) const {
  if (path.extension() != ".onnx") fail_input("{}: a model is saved as an .onnx file", path.string());
  const onnx::Model exported =
      onnx::export_model(state_->graph, weights_of(state_->graph, state_->weights()));
  AtomicFile file(path);
  onnx::write_model(exported, [&](std::span<const std::byte> bytes) { file.write(bytes); });
  file.commit();
}

}  // namespace sinter
