#include "backends/jit/verify_kernel.h"

#include <bit>

#include "ir/error.h"

namespace sinter::jit {
namespace {

int64_t factor_of(const Index& index, VariableId variable) {
  for (const Index::Term& term : index.terms())
    if (term.variable == variable) return term.factor;
  return 0;
}

bool is_over_lanes(Op op) { return op == Op::count_lanes || op == Op::sum_lanes || op == Op::max_lanes; }

// What is known to be not negative, from the outermost loop in: bounds of variables and conditions.
class Facts {
 public:
  size_t size() const { return facts_.size(); }
  void add(Index not_negative) { facts_.push_back(std::move(not_negative)); }
  void shrink(size_t size) { facts_.resize(size); }

  // Whether `index` is not negative: what remains after taking away multiples of facts, from the innermost
  // variable on, must be a constant. Each fact that fits is tried.
  bool imply(const Index& index) const {
    if (index.is_constant()) return index.constant() >= 0;
    const Index::Term term = index.terms().back();
    for (size_t i = facts_.size(); i-- > 0;) {
      const int64_t factor = factor_of(facts_[i], term.variable);
      const bool innermost = factor != 0 && facts_[i].terms().back().variable == term.variable;
      if (innermost && term.factor / factor > 0 && term.factor % factor == 0 &&
          imply(index - (term.factor / factor) * facts_[i]))
        return true;
    }
    return false;
  }

 private:
  std::vector<Index> facts_;
};

class Verifier {
 public:
  explicit Verifier(const Kernel& kernel) : kernel_(kernel), unrolled_(kernel.variables.size(), false) {}

  void verify() {
    for (const Buffer& buffer : kernel_.buffers)
      check(buffer.place != Buffer::Place::table ||
                buffer.elements == static_cast<int64_t>(buffer.contents.size()),
            fmt::format("{} has other than its elements", buffer.name));
    for (size_t i = 0; i < kernel_.parallel.size(); ++i)
      bound(static_cast<VariableId>(i), {0}, {kernel_.parallel[i]}, 1);
    verify(kernel_.body);
  }

 private:
  void check(bool holds, std::string_view what) const {
    if (!holds) require(false, fmt::format("kernel {}: {}\n{}", kernel_.name, what, to_string(kernel_)));
  }

  void bound(VariableId variable, const std::vector<Index>& lower, const std::vector<Index>& upper,
             int64_t step) {
    const Index v = Index::variable(variable);
    for (const Index& from : lower) facts_.add(v - from);
    for (const Index& to : upper) facts_.add(to - v - 1);
    if (lower.size() != 1 || upper.size() != 1 || !(upper[0] - lower[0]).is_constant()) return;
    const int64_t range = (upper[0] - lower[0]).constant();  // the last step may end before the bound
    if (range > 0) facts_.add(lower[0] + (range - 1) / step * step - v);
  }

  void verify(const std::vector<Statement>& statements) {
    for (const Statement& statement : statements)
      std::visit([&](const auto& is) { verify(is); }, statement.is);
  }

  void verify(const Assign& assign) {
    const Tile& tile = kernel_.tiles[assign.to.tile];
    verify(assign.to);
    verify_value(assign.value, tile.dtype, tile.vector, fmt::format("the assignment to {}", tile.name));
  }

  void verify(const Store& store) {
    const bool vector = kernel_.expressions[store.value].vector;
    const Buffer& buffer = kernel_.buffers[store.to.buffer];
    check(buffer.place != Buffer::Place::table, fmt::format("{} is stored to, a table", buffer.name));
    check(!vector || store.to.lane_stride != 0, fmt::format("{} is stored to with stride 0", buffer.name));
    verify_value(store.value, buffer.dtype, vector, fmt::format("the store to {}", buffer.name));
    verify(store.to, vector);
  }

  void verify(const Loop& loop) {
    check(!loop.lower.empty() && !loop.upper.empty() && loop.step > 0, "a loop has bounds and a step");
    if (loop.count) verify_value(*loop.count, DType::i32, false, "a loop's count");
    const size_t before = facts_.size();
    bound(loop.variable, loop.lower, loop.upper, loop.step);
    if (loop.unroll) {
      const bool constant = !loop.count && loop.lower.size() == 1 && loop.upper.size() == 1 &&
                            is_unrolled(loop.lower[0]) && is_unrolled(loop.upper[0]);
      check(constant, fmt::format("the bounds of {}, which is unrolled, are constants",
                                  kernel_.variables[loop.variable]));
      unrolled_[loop.variable] = true;
    }
    verify(loop.body);
    unrolled_[loop.variable] = false;
    facts_.shrink(before);
  }

  void verify(const If& statement) {
    const size_t before = facts_.size();
    for (const Index& index : statement.not_negative) facts_.add(index);
    verify(statement.body);
    facts_.shrink(before);
  }

  bool is_unrolled(const Index& index) const {
    for (const Index::Term& term : index.terms())
      if (!unrolled_[term.variable]) return false;
    return true;
  }

  void verify(const TileElement& element) {
    const Tile& tile = kernel_.tiles[element.tile];
    check(element.at.size() == tile.shape.size(), fmt::format("{} is read in its dimensions", tile.name));
    for (size_t i = 0; i < element.at.size(); ++i) {
      check(is_unrolled(element.at[i]), fmt::format("{} is indexed by constants", tile.name));
      check(facts_.imply(element.at[i]) && facts_.imply(tile.shape[i] - 1 - element.at[i]),
            fmt::format("dimension {} of {} is left", i, tile.name));
    }
  }

  void verify(const Access& access, bool vector) {
    const Buffer& buffer = kernel_.buffers[access.buffer];
    check(facts_.imply(access.index), fmt::format("{} is accessed before its begin", buffer.name));
    Index room = buffer.elements - 1 - access.index;
    if (access.offset) {
      const bool each = vector && access.lane_stride == 0;
      verify_value(access.offset->value, DType::i32, each, fmt::format("the offset into {}", buffer.name));
      check(access.offset->limit > 0, "an offset has a limit");
      room += 1 - access.offset->limit;
    }
    bool within = facts_.imply(room - (vector ? access.lane_stride * (vector_size - 1) : 0));
    if (!within && vector && access.count)
      within = facts_.imply(room - access.lane_stride * (*access.count - 1));
    check(within, fmt::format("{} is accessed after its end", buffer.name));
    check(access.lane_stride >= 0, "lanes go up");
  }

  void verify_value(ExpressionId id, DType dtype, bool vector, const std::string& what) {
    const Expression& e = kernel_.expressions[id];
    check(e.dtype == dtype && e.vector == vector,
          fmt::format("{} takes {}{}, not {}{}", what, to_string(dtype), vector ? "x16" : "",
                      to_string(e.dtype), e.vector ? "x16" : ""));
    verify_expression(e);
  }

  void verify_expression(const Expression& e) {
    if (e.op == Op::load) verify(e.access, e.vector);
    if (e.op == Op::tile) verify(e.element);
    if (e.op == Op::even_blocks || e.op == Op::odd_blocks)
      check(e.index.is_constant() && std::has_single_bit(static_cast<uint64_t>(e.index.constant())) &&
                e.index.constant() < vector_size,
            fmt::format("{} takes blocks of 1, 2, 4 or 8 lanes", to_string(e.op)));
    for (size_t i = 0; i < e.arguments.size(); ++i) {
      const bool vector = e.op == Op::splat ? false : is_over_lanes(e.op) ? true : e.vector;
      verify_value(e.arguments[i], argument_type(e, i), vector,
                   fmt::format("argument {} of {}", i, to_string(e.op)));
    }
  }

  // Of an op's arguments all have one type, but for a select's condition; comparisons and casts change it.
  DType argument_type(const Expression& e, size_t i) const {
    const bool changes = e.op == Op::cast || (e.op >= Op::equal && e.op <= Op::greater_equal);
    if (changes) return kernel_.expressions[e.arguments[0]].dtype;
    if (e.op == Op::high_half) return DType::i64;
    const bool is_condition = (e.op == Op::select && i == 0) || (e.op == Op::compress && i == 1);
    if (is_condition || e.op == Op::count_lanes) return DType::boolean;
    if (e.op == Op::permute && i == 2) return DType::i32;
    return e.dtype;
  }

  const Kernel& kernel_;
  Facts facts_;
  std::vector<bool> unrolled_;
};

}  // namespace

void verify_kernel(const Kernel& kernel) { Verifier(kernel).verify(); }

}  // namespace sinter::jit
