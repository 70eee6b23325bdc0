#pragma once

#include <random>

#include "ir/op_table.h"
#include "ir/tensor.h"

/// Random tensors; everything follows from the engine's seed.
namespace sinter {

using RandomEngine = std::mt19937_64;

/// In [low, high], both included.
int64_t random_integer(RandomEngine& random, int64_t low, int64_t high);
double random_real(RandomEngine& random, double low, double high);
bool chance(RandomEngine& random, double probability);

/// Elements from a domain; `classes` is the exclusive bound of class indices.
Tensor random_tensor(const Type& type, Domain domain, int64_t classes, RandomEngine& random);
/// Whether all elements lie in the domain, with room for a finite difference.
bool in_domain(const Tensor& tensor, Domain domain, int64_t classes);

}  // namespace sinter
