#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "backends/jit/index.h"
#include "ir/dtype.h"

/// The kernel language: what lies between a node of the graph and LLVM. Loops over affine indices, vectors of
/// 16 elements, tiles of registers, and expressions; a plain value that prints as text (kernel_text.h), is
/// verified (verify_kernel.h) and then becomes LLVM code (emit.h).
namespace sinter::jit {

/// Elements of a vector, whatever the CPU: LLVM splits what is wider than its registers. One size keeps one
/// text for all CPUs, and it is the block of the layouts aBcd16b and Abcd16a.
constexpr int64_t vector_size = 16;

using BufferId = int;
using TileId = int;
using ExpressionId = int;

/// Memory that a kernel reads or writes.
struct Buffer {
  enum class Place : uint8_t {
    argument,   ///< of the node: buffers[position]
    workspace,  ///< of the thread, from byte `position` on
    scratch,    ///< of the node, from byte `position` on; lasts from its first loop to its last
    table,      ///< constants of the kernel, never written
  };
  std::string name;
  DType dtype;
  int64_t elements;
  Place place;
  int64_t position;
  std::vector<double> contents = {};  ///< of a table, each a number of `dtype`
};

/// An i32 that is known only when the kernel runs, such as the place of a maximum. Whatever it is, the code
/// keeps it within 0..limit - 1, so that accesses can be proven. A vector of them, for loads with a stride of
/// 0, gives each lane its own.
struct Offset {
  ExpressionId value = 0;
  int64_t limit = 1;
};

/// Elements of a buffer: one, or sixteen `lane_stride` apart, of which only the first `count` are there.
struct Access {
  BufferId buffer = 0;
  Index index = {};
  std::optional<Offset> offset = {};  ///< added to the index
  int64_t lane_stride = 1;            ///< of vectors; 0: the same element sixteen times (loads only)
  std::optional<Index> count = {};  ///< lanes from here on are read as zero and not written; absent: all are
                                    ///< there
};

/// A register of a tile. Its place must be constant once the loops around it are unrolled.
struct TileElement {
  TileId tile = 0;
  std::vector<Index> at = {};
};

enum class Op : uint8_t {
  constant,
  index,
  load,
  lane_numbers,  // 0 to 15, of i32
  tile,          // leaves
  splat,
  add,
  sub,
  mul,
  div,
  multiply_add,  // multiply_add(a, b, c) = a * b + c, rounded once where the CPU can
  minimum,
  maximum,  // NaN wins
  absolute,
  square_root,
  exponential,
  logarithm,
  power,
  hyperbolic_tangent,
  logistic,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,  // NaN: only not_equal holds
  logical_and,
  logical_or,
  logical_not,
  select,
  cast,
  exclusive_or,
  product_high,  // of two i32 without their signs: the upper half of the product
  high_half,     // of an i64: an i32
  first_lanes,   // first_lanes(v): zero from lane `index` on
  compress,      // compress(v, mask): the lanes where mask holds, one after the other, then zeros
  count_lanes,   // of a mask, those that hold: an i32
  sum_lanes,     // of a vector, as a fixed tree
  max_lanes,     // NaN wins
  permute,       // permute(a, b, places): of the 32 lanes of a and b those at sixteen places, an i32x16
  even_blocks,   // even_blocks(a, b, d): of blocks of d lanes a's at even places, b's moved up between them
  odd_blocks,    // odd_blocks(a, b, d): b's at odd places, a's moved down between them
};

struct Expression {
  Op op;
  DType dtype;
  bool vector;  ///< of vector_size elements; otherwise one
  std::vector<ExpressionId> arguments = {};
  double number = 0;         ///< constant
  Index index = {};          ///< index, first_lanes; of even_blocks and odd_blocks their d
  Access access = {};        ///< load
  TileElement element = {};  ///< tile
};

struct Statement;

/// tile[at] = value
struct Assign {
  TileElement to;
  ExpressionId value;
};

struct Store {
  Access to;
  ExpressionId value;
};

/// for variable in max(lower)..min(upper, count) step `step`
struct Loop {
  VariableId variable;
  std::vector<Index> lower, upper;
  int64_t step = 1;
  bool unroll = false;  ///< its bounds are constant then
  std::vector<Statement> body;
  std::optional<ExpressionId> count = {};  ///< an i32 that is known only when the kernel runs
};

/// Runs its body where none of the indices is negative; where these are constant nothing is left of the test.
struct If {
  std::vector<Index> not_negative;
  std::vector<Statement> body;
};

struct Statement {
  std::variant<Assign, Store, Loop, If> is;
};

/// Registers: scalars or vectors, in up to three dimensions. Undefined before they are assigned.
struct Tile {
  std::string name;
  DType dtype;
  bool vector;
  std::vector<int64_t> shape;
};

/// One parallel loop: `units` are the product of the extents of its first variables, the last moving fastest.
struct Kernel {
  std::string name;
  std::vector<Buffer> buffers;
  std::vector<std::string> variables;
  std::vector<Tile> tiles;
  std::vector<Expression> expressions;
  std::vector<int64_t> parallel;  ///< extents of variables 0, 1, ...
  std::vector<Statement> body;
  /// Where these two buffers are the same memory there is nothing to do: a copy in place.
  std::optional<std::pair<BufferId, BufferId>> idle_where_same = {};
  int64_t workspace_bytes = 0;
  int64_t scratch_argument = 0;  ///< buffers[scratch_argument] is the scratch memory, behind the values

  int64_t units() const {
    int64_t units = 1;
    for (const int64_t extent : parallel) units *= extent;
    return units;
  }
};

/// The word for an op in a kernel's text: `add`, `exp`, ...
std::string_view to_string(Op op);

/// The whole kernel as text, which says all there is to it: two kernels with the same text compute the same.
std::string to_string(const Kernel& kernel);

}  // namespace sinter::jit
