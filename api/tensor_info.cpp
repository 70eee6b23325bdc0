#include <sinter/tensor_info.hpp>

#include "api/model_state.h"

namespace sinter {

int64_t TensorInfo::count() const {
  if (!is_concrete(shape))
    fail_input("{} has a symbol in its shape, and so no number of elements", to_string(*this));
  return element_count(shape);
}

std::string to_string(const TensorInfo& info) {
  return fmt::format("{}: {}{}", info.name, to_string(info.dtype), to_string(info.shape));
}

std::vector<TensorInfo> infos_of(const Graph& graph, std::span<const ValueId> ids) {
  std::vector<TensorInfo> infos;
  for (const ValueId id : ids)
    infos.push_back({graph.info(id).name, graph.type(id).dtype, graph.type(id).shape});
  return infos;
}

std::vector<TensorInfo> result_infos_of(const Graph& graph) {
  std::vector<TensorInfo> infos;
  const auto results = graph.results();
  for (size_t i = 0; i < results.size(); ++i) {
    const std::string number = results.size() == 1 ? "" : std::to_string(i);
    const Type& type = graph.type(results[i].value);
    infos.push_back({results[i].name.empty() ? "output" + number : results[i].name, type.dtype, type.shape});
  }
  return infos;
}

}  // namespace sinter
