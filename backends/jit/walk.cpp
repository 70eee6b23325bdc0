#include "backends/jit/walk.h"

namespace sinter::jit {
namespace {

std::vector<View> views_of(const View& leader, const Walk::Values& values) {
  std::vector<View> views = {leader};
  for (const auto& value : values) views.push_back(value ? value->view : View(leader.size(), Step{0}));
  return views;
}

}  // namespace

Walk::Walk(std::string name, const std::vector<int64_t>& shape, const std::vector<bool>& reduced,
           const View& leader, const Values& values)
    : k(std::move(name)), nest(shape, views_of(leader, values), reduced) {
  for (const auto& value : values) {
    buffers_.push_back(value ? buffer_of(k, fmt::format("v{}", buffers_.size()), *value) : -1);
    dtypes_.push_back(value ? value->dtype : DType::f32);
  }
}

void Walk::store(size_t slot, Expr value, const Index& offset) {
  nest.store(k, buffers_[slot], slot + 1, k.cast(value, dtypes_[slot]), offset);
}

}  // namespace sinter::jit
