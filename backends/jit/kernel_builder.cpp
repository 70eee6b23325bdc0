#include "backends/jit/kernel_builder.h"

#include <algorithm>

#include "ir/error.h"

namespace sinter::jit {

KernelBuilder::KernelBuilder(Kernel kernel) : kernel_(std::move(kernel)) {
  open_.back() = std::move(kernel_.body);
}

DType Expr::dtype() const { return builder_->expression(id_).dtype; }
bool Expr::is_vector() const { return builder_->expression(id_).vector; }

Expr TileHandle::read(std::vector<Index> at) const {
  const Tile& tile = builder_->kernel_.tiles[id_];
  Expression e{.op = Op::tile, .dtype = tile.dtype, .vector = tile.vector};
  e.element = {id_, std::move(at)};
  return {*builder_, builder_->add(std::move(e))};
}

void TileHandle::set(std::vector<Index> at, Expr value) const {
  builder_->open_.back().push_back({Assign{{id_, std::move(at)}, value.id()}});
}

BufferId KernelBuilder::argument(std::string name, const Type& type, size_t position) {
  kernel_.buffers.push_back({std::move(name), type.dtype, type.bytes() / size_of(type.dtype),
                             Buffer::Place::argument, static_cast<int64_t>(position)});
  return static_cast<BufferId>(kernel_.buffers.size()) - 1;
}

BufferId KernelBuilder::workspace(std::string name, DType dtype, int64_t elements) {
  kernel_.buffers.push_back(
      {std::move(name), dtype, elements, Buffer::Place::workspace, kernel_.workspace_bytes});
  kernel_.workspace_bytes += (elements * size_of(dtype) + 63) / 64 * 64;
  return static_cast<BufferId>(kernel_.buffers.size()) - 1;
}

BufferId KernelBuilder::scratch(std::string name, DType dtype, int64_t elements, int64_t offset) {
  kernel_.buffers.push_back({std::move(name), dtype, elements, Buffer::Place::scratch, offset});
  return static_cast<BufferId>(kernel_.buffers.size()) - 1;
}

BufferId KernelBuilder::table(std::string name, DType dtype, std::vector<double> contents) {
  const auto elements = static_cast<int64_t>(contents.size());
  kernel_.buffers.push_back({std::move(name), dtype, elements, Buffer::Place::table, 0, std::move(contents)});
  return static_cast<BufferId>(kernel_.buffers.size()) - 1;
}

std::vector<Index> KernelBuilder::parallel(std::vector<std::pair<std::string, int64_t>> extents) {
  require(kernel_.variables.empty(), "the parallel loops come first");
  std::vector<Index> variables;
  for (auto& [name, extent] : extents) {
    kernel_.parallel.push_back(extent);
    variables.push_back(Index::variable(variable(std::move(name))));
  }
  return variables;
}

namespace {

// Names are the kernel's text, which says all there is to it: each stands for one thing.
template <typename Taken>
std::string unused(std::string name, Taken taken) {
  if (!taken(name)) return name;
  int number = 2;
  while (taken(fmt::format("{}{}", name, number))) ++number;
  return fmt::format("{}{}", name, number);
}

}  // namespace

VariableId KernelBuilder::variable(std::string name) {
  const auto taken = [&](const std::string& n) { return std::ranges::count(kernel_.variables, n) > 0; };
  kernel_.variables.push_back(unused(std::move(name), taken));
  return static_cast<VariableId>(kernel_.variables.size()) - 1;
}

void KernelBuilder::collect(Loop loop, const Body& body) {
  open_.emplace_back();
  body(Index::variable(loop.variable));
  loop.body = std::move(open_.back());
  open_.pop_back();
  if (!loop.body.empty()) open_.back().push_back({std::move(loop)});
}

void KernelBuilder::loop(std::string name, Index lower, Index upper, const Body& body, int64_t step) {
  collect({variable(std::move(name)), {std::move(lower)}, {std::move(upper)}, step, false, {}}, body);
}

void KernelBuilder::loop(std::string name, std::vector<Index> lower, std::vector<Index> upper,
                         const Body& body) {
  collect({variable(std::move(name)), std::move(lower), std::move(upper), 1, false, {}}, body);
}

void KernelBuilder::loop_counted(std::string name, int64_t most, Expr count, const Body& body) {
  collect({variable(std::move(name)), {0}, {most}, 1, false, {}, count.id()}, body);
}

void KernelBuilder::unroll(std::string name, int64_t count, const Body& body) {
  collect({variable(std::move(name)), {0}, {count}, 1, true, {}}, body);
}

void KernelBuilder::when(std::vector<Index> not_negative, const std::function<void()>& body) {
  open_.emplace_back();
  body();
  If statement{std::move(not_negative), std::move(open_.back())};
  open_.pop_back();
  if (!statement.body.empty()) open_.back().push_back({std::move(statement)});
}

TileHandle KernelBuilder::tile(std::string name, DType dtype, bool vector, std::vector<int64_t> shape) {
  const auto taken = [&](const std::string& n) {
    return std::ranges::count(kernel_.tiles, n, &Tile::name) > 0;
  };
  kernel_.tiles.push_back({unused(std::move(name), taken), dtype, vector, std::move(shape)});
  return {*this, static_cast<TileId>(kernel_.tiles.size()) - 1};
}

Expr KernelBuilder::let(std::string name, Expr value) {
  const TileHandle own = tile(std::move(name), value.dtype(), value.is_vector(), {});
  own.set({}, value);
  return own.read({});
}

ExpressionId KernelBuilder::add(Expression expression) {
  kernel_.expressions.push_back(std::move(expression));
  return static_cast<ExpressionId>(kernel_.expressions.size()) - 1;
}

Expr KernelBuilder::number(DType dtype, double value, bool vector) {
  Expression e{.op = Op::constant, .dtype = dtype, .vector = vector};
  e.number = value;
  return {*this, add(std::move(e))};
}

Expr KernelBuilder::index(DType dtype, Index value) {
  Expression e{.op = Op::index, .dtype = dtype, .vector = false};
  e.index = std::move(value);
  return {*this, add(std::move(e))};
}

Expr KernelBuilder::lane_numbers() {
  return {*this, add({.op = Op::lane_numbers, .dtype = DType::i32, .vector = true})};
}

Expr KernelBuilder::load(const Access& access, bool vector) {
  Expression e{.op = Op::load, .dtype = kernel_.buffers[access.buffer].dtype, .vector = vector};
  e.access = access;
  const bool apart = access.offset && kernel_.expressions[access.offset->value].vector;
  if (vector && access.lane_stride == 0 && !apart) {  // read once, then spread
    e.vector = false;
    e.access.count.reset();
    return apply(Op::splat, {{*this, add(std::move(e))}});
  }
  return {*this, add(std::move(e))};
}

void KernelBuilder::store(const Access& to, Expr value) { open_.back().push_back({Store{to, value.id()}}); }

namespace {

bool is_predicate(Op op) { return op >= Op::equal && op <= Op::logical_not; }

}  // namespace

// Where one argument is a vector all become vectors; the type of a select is that of its branches.
Expr KernelBuilder::apply(Op op, std::initializer_list<Expr> arguments) {
  bool vector = op == Op::splat;
  for (const Expr& argument : arguments) vector |= argument.is_vector();
  Expression e{.op = op,
               .dtype = (op == Op::select ? arguments.begin()[1] : *arguments.begin()).dtype(),
               .vector = vector && op != Op::sum_lanes && op != Op::max_lanes};
  if (is_predicate(op)) e.dtype = DType::boolean;
  for (const Expr& argument : arguments) {
    const bool spread = vector && op != Op::splat && !argument.is_vector();
    e.arguments.push_back(spread ? apply(Op::splat, {argument}).id() : argument.id());
  }
  return {*this, add(std::move(e))};
}

Expr KernelBuilder::cast(Expr x, DType dtype) {
  if (x.dtype() == dtype) return x;
  return {*this, add({.op = Op::cast, .dtype = dtype, .vector = x.is_vector(), .arguments = {x.id()}})};
}

Expr KernelBuilder::high_half(Expr x) {
  return {*this,
          add({.op = Op::high_half, .dtype = DType::i32, .vector = x.is_vector(), .arguments = {x.id()}})};
}

Expr KernelBuilder::first_lanes(Expr x, Index count) {
  Expression e{.op = Op::first_lanes, .dtype = x.dtype(), .vector = true, .arguments = {x.id()}};
  e.index = std::move(count);
  return {*this, add(std::move(e))};
}

Expr KernelBuilder::compress(Expr x, Expr mask) {
  return {*this,
          add({.op = Op::compress, .dtype = x.dtype(), .vector = true, .arguments = {x.id(), mask.id()}})};
}

Expr KernelBuilder::count_lanes(Expr mask) {
  return {*this,
          add({.op = Op::count_lanes, .dtype = DType::i32, .vector = false, .arguments = {mask.id()}})};
}

Expr KernelBuilder::permute(Expr low, Expr high, Expr places) {
  return {*this, add({.op = Op::permute,
                      .dtype = low.dtype(),
                      .vector = true,
                      .arguments = {low.id(), high.id(), places.id()}})};
}

Expr KernelBuilder::blocks(Op op, Expr a, Expr b, int64_t lanes) {
  Expression e{.op = op, .dtype = a.dtype(), .vector = true, .arguments = {a.id(), b.id()}};
  e.index = lanes;
  return {*this, add(std::move(e))};
}

Expr KernelBuilder::even_blocks(Expr a, Expr b, int64_t lanes) {
  return blocks(Op::even_blocks, a, b, lanes);
}

Expr KernelBuilder::odd_blocks(Expr a, Expr b, int64_t lanes) { return blocks(Op::odd_blocks, a, b, lanes); }

void KernelBuilder::replace_stores(BufferId buffer, const std::function<void(const Access&, Expr)>& body) {
  open_.back() = replaced(std::move(open_.back()), buffer, body);
}

std::vector<Statement> KernelBuilder::replaced(std::vector<Statement> statements, BufferId buffer,
                                               const std::function<void(const Access&, Expr)>& body) {
  std::vector<Statement> result;
  for (Statement& statement : statements) {
    if (auto* loop = std::get_if<Loop>(&statement.is))
      loop->body = replaced(std::move(loop->body), buffer, body);
    if (auto* when = std::get_if<If>(&statement.is))
      when->body = replaced(std::move(when->body), buffer, body);
    const auto* store = std::get_if<Store>(&statement.is);
    if (store == nullptr || store->to.buffer != buffer) {
      result.push_back(std::move(statement));
      continue;
    }
    open_.emplace_back();
    body(store->to, {*this, store->value});
    std::ranges::move(open_.back(), std::back_inserter(result));
    open_.pop_back();
  }
  return result;
}

Kernel KernelBuilder::finish() {
  require(open_.size() == 1, "every loop is closed");
  kernel_.body = std::move(open_.back());
  return std::move(kernel_);
}

Expr operator+(Expr a, Expr b) { return a.builder().apply(Op::add, {a, b}); }
Expr operator-(Expr a, Expr b) { return a.builder().apply(Op::sub, {a, b}); }
Expr operator*(Expr a, Expr b) { return a.builder().apply(Op::mul, {a, b}); }
Expr operator/(Expr a, Expr b) { return a.builder().apply(Op::div, {a, b}); }
Expr multiply_add(Expr a, Expr b, Expr c) { return a.builder().apply(Op::multiply_add, {a, b, c}); }
Expr minimum(Expr a, Expr b) { return a.builder().apply(Op::minimum, {a, b}); }
Expr maximum(Expr a, Expr b) { return a.builder().apply(Op::maximum, {a, b}); }
Expr select(Expr condition, Expr a, Expr b) { return a.builder().apply(Op::select, {condition, a, b}); }

}  // namespace sinter::jit
