#include "backends/reference/chain_kernel.h"

#include <algorithm>

#include "ir/ops/elementwise.h"

namespace sinter {
namespace {

constexpr size_t most_operands = 6;  // of a row of the op table
constexpr size_t most_results = 2;
constexpr int64_t chunk = ops::elements_per_unit;
constexpr int64_t slot_bytes = chunk * 8;  // elements are at most as wide

bool is_scalar(const Type& type) { return element_count(type.shape) == 1; }

class ChainKernel final : public Kernel {
 public:
  explicit ChainKernel(const Graph& body)
      : body_(body), count_(element_count(body.type(body.results()[0].value).shape)) {
    places_.resize(body_.values().size());
    for (size_t i = 0; i < body_.inputs().size(); ++i)
      places_[body_.inputs()[i].index] = {Place::buffer, static_cast<int64_t>(i)};
    for (size_t i = 0; i < body_.results().size(); ++i) {
      Place& place = places_[body_.results()[i].value.index];
      if (place.kind == Place::none) place = {Place::buffer, static_cast<int64_t>(body_.inputs().size() + i)};
    }
    for (const Node& node : body_.nodes())
      for (const ValueId id : node.results)
        if (places_[id.index].kind == Place::none) places_[id.index] = {Place::slot, slots_++};
    for (size_t i = 0; i < places_.size(); ++i)
      places_[i].scalar = count_ != 1 && is_scalar(body_.values()[i].type);
  }

  int64_t units() const noexcept override { return (count_ + chunk - 1) / chunk; }
  int64_t workspace_bytes() const noexcept override { return slots_ * slot_bytes; }

  bool run(void* const* buffers, void* workspace, int64_t begin, int64_t end) const noexcept override {
    for (int64_t unit = begin; unit < end; ++unit)
      run_chunk(buffers, static_cast<std::byte*>(workspace), unit);
    return true;
  }

 private:
  /// Where a value of the body lies: in a buffer of the fusion or in a slot of the workspace.
  struct Place {
    enum Kind : uint8_t { none, buffer, slot } kind = none;
    int64_t index = 0;
    bool scalar = false;  ///< one element for all of a chunk
  };

  void run_chunk(void* const* buffers, std::byte* workspace, int64_t unit) const noexcept {
    const int64_t first = unit * chunk, size = std::min(chunk, count_ - first);
    const auto view = [&](ValueId id) -> TensorView {
      if (!id.valid()) return {};
      const ValueInfo& info = body_.info(id);
      const int64_t bytes = size_of(info.type.dtype);
      const Place& place = places_[id.index];
      if (info.kind == ValueKind::constant)
        return scalar_view(info.type, const_cast<void*>(info.constant.data()));
      if (place.scalar) return scalar_view(info.type, buffers[place.index]);
      std::byte* data = place.kind == Place::slot
                            ? workspace + place.index * slot_bytes
                            : static_cast<std::byte*>(buffers[place.index]) + first * bytes;
      return {info.type.dtype, {&size, 1}, size, data};
    };
    for (const Node& node : body_.nodes()) {
      std::array<TensorView, most_operands> operands;
      std::array<TensorView, most_results> results;
      std::ranges::transform(node.operands, operands.begin(), view);
      std::ranges::transform(node.results, results.begin(), view);
      op_def(node.op).evaluate({node.attributes, std::span(operands).first(node.operands.size()),
                                std::span(results).first(node.results.size())},
                               0, 1);
    }
  }

  static TensorView scalar_view(const Type& type, void* data) { return {type.dtype, {}, 1, data}; }

  Graph body_;
  int64_t count_;
  std::vector<Place> places_;  ///< by value
  int64_t slots_ = 0;
};

}  // namespace

std::optional<std::string> refuses_chain(const Graph& body) {
  if (body.nodes().empty()) return "there is nothing in it";
  const Shape& shape = body.type(body.nodes().back().results[0]).shape;
  const auto fits = [&](ValueId id) {
    return !id.valid() || body.type(id).shape == shape || is_scalar(body.type(id));
  };
  for (const Node& node : body.nodes()) {
    const OpDef& op = op_def(node.op);
    if (op.elementwise == Elementwise::no) return fmt::format("{} is not elementwise", op.name);
    if (!std::ranges::all_of(node.operands, fits))
      return fmt::format("an operand of {} is broadcast along some dimensions only", op.name);
    for (const ValueId id : node.results)
      if (body.type(id).shape != shape)
        return fmt::format("{} gives another shape than the last op", op.name);
  }
  for (const ValueId id : body.constants())
    if (!is_scalar(body.type(id))) return "it holds a constant of more than one element";
  std::vector<ValueId> seen;
  for (const GraphResult& result : body.results()) {
    if (body.info(result.value).kind != ValueKind::result || std::ranges::count(seen, result.value))
      return "a result is no op's, or stands twice";
    seen.push_back(result.value);
  }
  return std::nullopt;
}

std::unique_ptr<Kernel> make_chain_kernel(const Graph& body) { return std::make_unique<ChainKernel>(body); }

}  // namespace sinter
