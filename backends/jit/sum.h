#pragma once

#include <functional>

#include "backends/jit/lowering.h"
#include "backends/jit/nest.h"

namespace sinter::jit {

/// A value that a sum reads or writes.
struct SumOperand {
  DType dtype = DType::f32;
  int64_t elements = 1;  ///< padding included
  View view = {};
  Buffer::Place place = Buffer::Place::argument;
  int64_t position = 0;
};

/// result = scale * sum of term(operands) over the reduced dimensions, made in f64 in a fixed order: four
/// additions or more side by side, whatever the number of threads.
struct Sum {
  std::string name;
  std::vector<int64_t> shape;
  std::vector<bool> reduced = {};
  std::vector<SumOperand> operands = {};  ///< the first leads the loops
  std::function<Expr(std::span<const Expr>)> term = {};
  SumOperand result = {};
  double scale = 1;
  bool only_present = false;  ///< lanes beyond the end do not count: their term is not zero
};

/// The memory of an operand in the kernel under construction.
BufferId buffer_of(KernelBuilder& k, const std::string& name, const SumOperand& operand);

SumOperand argument_of(const Type& type, View view, size_t position);

/// Appends the kernels of a sum: one, or two where too few results are left to share out among threads.
/// Scratch memory from the present `scratch_bytes` on.
void append_sum(Lowered& lowered, const Sum& sum);

double sum_seconds(const Sum& sum);

}  // namespace sinter::jit
