#include "ir/ops/slab_loop.h"

#include <algorithm>
#include <cstring>

#include "ir/cost.h"
#include "ir/interpreter.h"
#include "ir/slab_form.h"
#include "ir/slab_loop.h"

namespace sinter::ops {
namespace {

bool same_but_layout(const Type& a, const Type& b) { return a.dtype == b.dtype && a.shape == b.shape; }

// What holds for the body and for the remainder, each by itself.
void check_body(const Inference& in, const Graph& body, std::string_view name) {
  if (!body.parameters().empty() || !body.states().empty())
    in.reject(fmt::format("the {} has parameters of its own", name));
  for (const ValueInfo& info : body.values())
    if (!is_concrete(info.type.shape))
      in.reject(fmt::format("the {} has a value of type {}; slabs have numbers for sizes", name,
                            to_string(info.type)));
  if (body.inputs().size() != in.operand_count())
    in.reject(fmt::format("the {} takes {} values, the loop has {}", name, body.inputs().size(),
                          in.operand_count()));
  std::vector<ValueId> returned;
  for (const GraphResult& result : body.results()) {
    if (body.info(result.value).kind != ValueKind::result)
      in.reject(fmt::format("the {} returns a value that none of its nodes made", name));
    if (std::ranges::count(returned, result.value))
      in.reject(fmt::format("the {} returns a value twice", name));
    returned.push_back(result.value);
  }
}

// The samples in the batch: as the operands have them that are not shared.
int64_t checked_samples(const Inference& in, const Graph& body, int64_t slab) {
  int64_t samples = -1;
  for (size_t i = 0; i < in.operand_count(); ++i) {
    const Type& part = body.type(body.inputs()[i]);
    in.sizes(i);  // rejects symbols
    const Type& whole = in[i];
    if (same_but_layout(whole, part)) continue;
    const bool is_slice = !whole.shape.empty() && part.shape.size() == whole.shape.size() &&
                          same_but_layout(with_samples(whole, slab), part);
    if (!is_slice)
      in.reject(fmt::format("the body takes {} as %{}, neither operand {} nor {} samples of it",
                            to_string(part), body.info(body.inputs()[i]).name, i, slab));
    if (samples >= 0 && whole.shape[0] != Dim(samples))
      in.reject(
          fmt::format("operand {} has {} samples, those before it {}", i, whole.shape[0].size, samples));
    samples = whole.shape[0].size;
  }
  return samples < 0 ? slab : samples;
}

void check_remainder(const Inference& in, const Graph& body, const Graph& remainder, const SlabLoop& loop) {
  check_body(in, remainder, "remainder");
  const int64_t rest = loop.samples % loop.slab;
  const auto expect = [&](const Type& found, const Type& of_body, bool per_sample, std::string_view what) {
    const Type wanted = per_sample ? with_samples(of_body, rest) : of_body;
    if (!same_but_layout(found, wanted))
      in.reject(fmt::format("the remainder {} {}; {} samples are left over, expected {}", what,
                            to_string(found), rest, to_string(Type{wanted.dtype, wanted.shape, {}})));
  };
  for (size_t i = 0; i < in.operand_count(); ++i)
    expect(remainder.type(remainder.inputs()[i]), body.type(body.inputs()[i]), loop.sliced[i], "takes");
  if (remainder.results().size() != body.results().size())
    in.reject(fmt::format("the remainder has {} results, the body {}", remainder.results().size(),
                          body.results().size()));
  for (size_t i = 0; i < body.results().size(); ++i)
    expect(remainder.type(remainder.results()[i].value), body.type(body.results()[i].value),
           !loop.accumulated[i], "returns");
}

void check_accumulated(const Inference& in, const Graph& body) {
  const Ints& accumulated = in.attributes().ints("accumulated");
  for (size_t i = 0; i < accumulated.size(); ++i) {
    if (accumulated[i] >= static_cast<int64_t>(body.results().size()) ||
        (i > 0 && accumulated[i] <= accumulated[i - 1]))
      in.reject(fmt::format("accumulated is [{}]; expected places of the body's {} results, rising",
                            fmt::join(accumulated, ", "), body.results().size()));
    const Type& type = body.type(body.results()[accumulated[i]].value);
    if (type.dtype == DType::boolean || !has_reference_arithmetic(type.dtype) ||
        type.shape.size() >= max_rank)
      in.reject(fmt::format("result {} is {} and cannot be added up", accumulated[i], to_string(type)));
  }
}

// The interpreter's tensors are plain whatever the layouts of the graph.
int64_t plain_bytes(const Type& type) { return element_count(type.shape) * size_of(type.dtype); }

// A part of a tensor as a tensor of its own.
Tensor slice(const TensorView& whole, const Type& part, int64_t first_byte) {
  Tensor tensor(part.dtype, sizes(part.shape));
  std::memcpy(tensor.data(), whole.as<std::byte>() + first_byte, tensor.bytes());
  return tensor;
}

class Interpretation {
 public:
  Interpretation(const Evaluation& e, const SlabLoop& loop) : e_(e), loop_(loop) {}

  void run_lane(int64_t lane) const {
    const int64_t first = loop_.first_slab(lane), last = loop_.first_slab(lane + 1);
    for (int64_t slab = first; slab < last; ++slab) run_slab(lane, slab, slab == first);
  }

 private:
  void run_slab(int64_t lane, int64_t slab, bool is_first) const {
    const Graph& body = loop_.body_of(slab);
    Bindings bindings;
    for (size_t i = 0; i < e_.operands.size(); ++i) {
      const int64_t step = loop_.sliced[i] ? plain_bytes(loop_.body->type(loop_.body->inputs()[i])) : 0;
      bindings.inputs.push_back(slice(e_.operands[i], body.type(body.inputs()[i]), slab * step));
    }
    const auto results = interpret(body, bindings, e_.observer ? *e_.observer : NodeObserver());
    for (size_t i = 0; i < results.size(); ++i) {
      const Tensor& part = results[i];
      const int64_t step = plain_bytes(loop_.body->type(loop_.body->results()[i].value));
      auto* const to = e_.results[i].as<std::byte>() + step * (loop_.accumulated[i] ? lane : slab);
      if (loop_.accumulated[i] && !is_first)
        add_elements(part.dtype(), part.count(), part.data(), to);
      else
        std::memcpy(to, part.data(), part.bytes());
    }
  }

  const Evaluation& e_;
  const SlabLoop& loop_;
};

double body_flops(const Graph& body) {
  double total = 0;
  for (const Node& node : body.nodes()) total += cost(body, node).flops;
  return total;
}

std::vector<Type> loop_results(const Inference& in, const SlabLoop& loop) {
  std::vector<Type> results;
  for (size_t i = 0; i < loop.accumulated.size(); ++i) {
    Type type = loop.body->type(loop.body->results()[i].value);
    if (!loop.accumulated[i] && (type.shape.empty() || type.shape[0] != Dim(loop.slab)))
      in.reject(fmt::format("result {} of the body is {}; joined, it needs {} samples", i, to_string(type),
                            loop.slab));
    if (loop.accumulated[i]) type.shape.insert(type.shape.begin(), loop.lanes);
    type.layout = {};
    results.push_back(with_samples(type, loop.accumulated[i] ? loop.lanes : loop.samples));
  }
  return results;
}

}  // namespace

std::vector<Type> infer_slab_loop(const Inference& in) {
  const Graph& body = in.attributes().body();
  const int64_t slab = in.attributes().integer("slab");
  check_body(in, body, "body");
  const int64_t samples = checked_samples(in, body, slab);
  check_accumulated(in, body);
  std::vector<std::optional<Type>> operands;
  for (size_t i = 0; i < in.operand_count(); ++i) operands.emplace_back(in[i]);
  const SlabLoop loop(in.attributes(), operands);
  if (samples < slab) in.reject(fmt::format("a slab of {} of {} samples", slab, samples));
  if (loop.lanes > loop.slabs()) in.reject(fmt::format("{} lanes for {} slabs", loop.lanes, loop.slabs()));
  if ((samples % slab != 0) != (loop.remainder != nullptr))
    in.reject(loop.remainder
                  ? "a remainder although nothing is left over"
                  : fmt::format("{} samples are left over and there is no remainder", samples % slab));
  auto results = loop_results(in, loop);
  if (loop.remainder) check_remainder(in, body, *loop.remainder, loop);
  return results;
}

int64_t lane_units(const Evaluation& e) { return e.attributes.integer("lanes"); }

void evaluate_slab_loop(const Evaluation& e, int64_t begin, int64_t end) {
  std::vector<std::optional<Type>> operands;
  for (const TensorView& view : e.operands)
    operands.push_back(Type{view.dtype, {view.shape.begin(), view.shape.end()}, {}});
  const SlabLoop loop(e.attributes, operands);
  const Interpretation interpretation(e, loop);
  for (int64_t lane = begin; lane < end; ++lane) interpretation.run_lane(lane);
}

double slab_loop_flops(const Attributes& attributes, std::span<const std::optional<Type>> operands,
                       std::span<const Type>) {
  const SlabLoop loop(attributes, operands);
  const double whole = static_cast<double>(loop.samples / loop.slab) * body_flops(*loop.body);
  return whole + (loop.remainder ? body_flops(*loop.remainder) : 0);
}

}  // namespace sinter::ops
