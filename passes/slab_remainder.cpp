#include "passes/slab_remainder.h"

#include <algorithm>

#include "passes/assign_layouts.h"
#include "passes/slab_body.h"

namespace sinter {
namespace {

bool is_plain_outside(const Graph& body) {
  const auto is_plain = [&](ValueId id) { return body.type(id).layout.is_plain(); };
  return std::ranges::all_of(body.inputs(), is_plain) &&
         std::ranges::all_of(body.results(), is_plain, &GraphResult::value);
}

}  // namespace

void lay_out_remainder(Graph& body, const PassOptions& options) {
  if (options.target == nullptr || !is_plain_outside(body)) return;
  Graph laid_out = without_layouts(body);
  PassOptions alone = options;
  alone.loops_follow = false;
  alone.remarks = nullptr;
  assign_layouts(laid_out, alone);
  body = std::move(laid_out);
}

}  // namespace sinter
