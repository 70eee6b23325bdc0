#include "backends/backend_table.h"

#include "backends/reference/reference.h"
#ifdef SINTER_ONEDNN
#include "backends/onednn/onednn.h"
#endif
#ifdef SINTER_JIT
#include "backends/jit/jit.h"
#endif

namespace sinter {

std::span<const BackendEntry> backend_table() {
  static constexpr BackendEntry entries[] = {
#ifdef SINTER_ONEDNN
      {"onednn", [](const BackendOptions&) { return make_onednn_backend(); }},
#endif
#ifdef SINTER_JIT
      {"jit", make_jit_backend},
#endif
      {"reference", [](const BackendOptions&) { return make_reference_backend(); }},
  };
  return entries;
}

}  // namespace sinter
