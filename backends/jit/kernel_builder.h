#pragma once

#include <functional>

#include "backends/jit/kernel.h"
#include "ir/type.h"

namespace sinter::jit {

class KernelBuilder;

/// An expression of the kernel under construction; knows its builder, so that kernels read like formulas.
class Expr {
 public:
  Expr(KernelBuilder& builder, ExpressionId id) : builder_(&builder), id_(id) {}
  KernelBuilder& builder() const { return *builder_; }
  ExpressionId id() const { return id_; }
  DType dtype() const;
  bool is_vector() const;

 private:
  KernelBuilder* builder_;
  ExpressionId id_;
};

/// The registers of a tile: `acc(o, x)` reads one, `acc.set({o, x}, value)` assigns one.
class TileHandle {
 public:
  TileHandle(KernelBuilder& builder, TileId id) : builder_(&builder), id_(id) {}
  template <typename... I>
  Expr operator()(const I&... at) const {
    return read({Index(at)...});
  }
  Expr read(std::vector<Index> at) const;
  void set(std::vector<Index> at, Expr value) const;

 private:
  KernelBuilder* builder_;
  TileId id_;
};

/// Writes a kernel from its outermost loop in: each loop() calls back with its variable and collects the
/// statements made meanwhile.
class KernelBuilder {
 public:
  using Body = std::function<void(Index)>;

  explicit KernelBuilder(std::string name) { kernel_.name = std::move(name); }
  /// Goes on with a kernel that was finished.
  explicit KernelBuilder(Kernel kernel);

  /// Memory of a value of the node; `elements` are those of its layout, padding included.
  BufferId argument(std::string name, const Type& type, size_t position);
  /// Memory of the thread, contents undefined at the start of a unit.
  BufferId workspace(std::string name, DType dtype, int64_t elements);
  /// Memory of the node from byte `offset` on.
  BufferId scratch(std::string name, DType dtype, int64_t elements, int64_t offset);
  /// Constants of the kernel.
  BufferId table(std::string name, DType dtype, std::vector<double> contents);

  /// The parallel loops; once, before all else. Returns their variables.
  std::vector<Index> parallel(std::vector<std::pair<std::string, int64_t>> extents);
  void loop(std::string name, Index lower, Index upper, const Body& body, int64_t step = 1);
  /// for name in max(lower)..min(upper)
  void loop(std::string name, std::vector<Index> lower, std::vector<Index> upper, const Body& body);
  /// for name in 0..min(most, count); `count` is an i32.
  void loop_counted(std::string name, int64_t most, Expr count, const Body& body);
  /// Unrolled.
  void unroll(std::string name, int64_t count, const Body& body);
  void when(std::vector<Index> not_negative, const std::function<void()>& body);

  TileHandle tile(std::string name, DType dtype, bool vector, std::vector<int64_t> shape);
  /// A register of its own for a value that is used more than once.
  Expr let(std::string name, Expr value);

  Expr number(DType dtype, double value, bool vector);
  Expr index(DType dtype, Index value);
  Expr lane_numbers();
  Expr load(const Access& access, bool vector);
  void store(const Access& to, Expr value);
  Expr apply(Op op, std::initializer_list<Expr> arguments);
  Expr cast(Expr x, DType dtype);
  Expr high_half(Expr x);
  Expr first_lanes(Expr x, Index count);
  Expr compress(Expr x, Expr mask);
  Expr count_lanes(Expr mask);
  Expr permute(Expr low, Expr high, Expr places);
  Expr even_blocks(Expr a, Expr b, int64_t lanes);
  Expr odd_blocks(Expr a, Expr b, int64_t lanes);

  /// Puts what `body` writes in the place of each store to a buffer so far.
  void replace_stores(BufferId buffer, const std::function<void(const Access& to, Expr value)>& body);

  /// Nothing is to be done where these two are the same memory.
  void idle_where_same(BufferId a, BufferId b) { kernel_.idle_where_same = {a, b}; }

  const Expression& expression(ExpressionId id) const { return kernel_.expressions[id]; }
  Kernel finish();

 private:
  friend class TileHandle;
  ExpressionId add(Expression expression);
  Expr blocks(Op op, Expr a, Expr b, int64_t lanes);
  VariableId variable(std::string name);
  void collect(Loop loop, const Body& body);
  std::vector<Statement> replaced(std::vector<Statement> statements, BufferId buffer,
                                  const std::function<void(const Access&, Expr)>& body);

  Kernel kernel_;
  std::vector<std::vector<Statement>> open_ = {{}};  ///< statements of the loops that are being written
};

Expr operator+(Expr a, Expr b);
Expr operator-(Expr a, Expr b);
Expr operator*(Expr a, Expr b);
Expr operator/(Expr a, Expr b);
Expr multiply_add(Expr a, Expr b, Expr c);
Expr minimum(Expr a, Expr b);
Expr maximum(Expr a, Expr b);
Expr select(Expr condition, Expr a, Expr b);

}  // namespace sinter::jit
