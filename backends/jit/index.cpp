#include "backends/jit/index.h"

#include <algorithm>

namespace sinter::jit {

Index Index::variable(VariableId id) {
  Index index;
  index.terms_.push_back({id, 1});
  return index;
}

Index& Index::operator+=(const Index& other) {
  constant_ += other.constant_;
  for (const Term& term : other.terms_) {
    const auto at = std::ranges::lower_bound(terms_, term.variable, {}, &Term::variable);
    if (at == terms_.end() || at->variable != term.variable)
      terms_.insert(at, term);
    else if ((at->factor += term.factor) == 0)
      terms_.erase(at);
  }
  return *this;
}

Index& Index::operator*=(int64_t factor) {
  constant_ *= factor;
  if (factor == 0) terms_.clear();
  for (Term& term : terms_) term.factor *= factor;
  return *this;
}

Index divided(const Index& index, int64_t by) {
  Index result = index.constant() / by;
  for (const Index::Term& term : index.terms()) result += Index::variable(term.variable) * (term.factor / by);
  return result;
}

}  // namespace sinter::jit
