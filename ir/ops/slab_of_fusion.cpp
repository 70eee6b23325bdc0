#include <algorithm>

#include "ir/copy.h"
#include "ir/ops/slab_forms.h"
#include "ir/slab_form.h"

namespace sinter::ops {
namespace {

/// Writes a fusion's body for a part of the batch.
class BodyOnSlab {
 public:
  explicit BodyOnSlab(const BatchQuery& q)
      : q_(q),
        body_(q.attributes.body()),
        batched_(body_.values().size()),
        summed_(body_.values().size()),
        copy_(body_, [this](ValueId id) { return input_type(id); }) {}

  std::optional<SlabForm> run() {
    for (size_t i = 0; i < q_.operands.size(); ++i) batched_[body_.inputs()[i].index] = q_.batched[i];
    for (const Node& node : body_.nodes())
      if (!append(node)) return std::nullopt;
    std::vector<bool> summed;
    for (const GraphResult& result : body_.results()) {
      if (!batched_[result.value.index] && !summed_[result.value.index]) return std::nullopt;
      summed.push_back(summed_[result.value.index]);
    }
    const Body body = std::make_shared<const Graph>(copy_.finish());
    return SlabForm{q_.attributes.with("body", body), summed, scale_.value_or(1)};
  }

 private:
  Type input_type(ValueId id) const {
    const size_t input = std::ranges::find(body_.inputs(), id) - body_.inputs().begin();
    return q_.batched[input] ? with_samples(body_.type(id), q_.slab) : body_.type(id);
  }

  // All sums have the same scale.
  bool takes_scale(double scale) {
    if (!scale_) scale_ = scale;
    return *scale_ == scale;
  }

  // What is summed is whole only after the last slab: nothing in the body may read it.
  bool append(const Node& node) {
    bool any_batched = false;
    for (const ValueId id : node.operands) {
      if (id.valid() && summed_[id.index]) return false;
      any_batched |= id.valid() && batched_[id.index];
    }
    const auto form = slab_form(body_, node, batched_, q_.samples, q_.slab);
    if (!form) return !any_batched && (copy_.node(node), true);
    if (std::ranges::count(form->summed, true) > 0 && !takes_scale(form->scale)) return false;
    copy_.graph().at({.node = node.source});
    const auto results =
        copy_.graph().append(form->attributes.kind(), copy_.operands(node), form->attributes);
    for (size_t i = 0; i < results.size(); ++i) {
      copy_.replace(node.results[i], results[i]);
      (form->summed[i] ? summed_ : batched_)[node.results[i].index] = true;
    }
    return true;
  }

  const BatchQuery& q_;
  const Graph& body_;
  std::vector<bool> batched_, summed_;  ///< by value of the body
  std::optional<double> scale_;         ///< of what is summed
  GraphCopy copy_;
};

}  // namespace

std::optional<SlabForm> slab_of_fusion(const BatchQuery& q) {
  if (std::ranges::count(q.batched, true) == 0) return std::nullopt;
  return BodyOnSlab(q).run();
}

}  // namespace sinter::ops
