#include "passes/pass_table.h"

#include <algorithm>
#include <array>

#include "passes/absorb_bias.h"
#include "passes/advance_updates.h"
#include "passes/append_loss.h"
#include "passes/append_update.h"
#include "passes/assign_layouts.h"
#include "passes/autodiff.h"
#include "passes/bind_symbols.h"
#include "passes/eliminate_common_subexpressions.h"
#include "passes/enter_training.h"
#include "passes/fold_batch_norm.h"
#include "passes/fold_constants.h"
#include "passes/form_slab_loops.h"
#include "passes/fuse_batch_norm.h"
#include "passes/fuse_conv_activation_pool.h"
#include "passes/fuse_epilogues.h"
#include "passes/fuse_loss.h"
#include "passes/fuse_statistics.h"
#include "passes/fuse_updates.h"
#include "passes/hoist_weights.h"
#include "passes/recompute.h"
#include "passes/remove_dead_nodes.h"
#include "passes/shrink_activation_gradients.h"
#include "passes/simplify_algebra.h"
#include "passes/sink_transposes.h"

namespace sinter {

std::span<const Pass> pass_table() {
  static constexpr std::array<Pass, 24> passes = {{
      {"bind_symbols", bind_symbols, Meaning::kept, "put numbers in the place of symbols such as N"},
      {"sink_transposes", sink_transposes, Meaning::kept,
       "take transposes behind what follows them, until they meet their opposites"},
      {"absorb_bias", absorb_bias, Meaning::kept, "make what is added to a convolution's channels its bias"},
      {"append_loss", append_loss, Meaning::extended, "add the loss and the count of right answers"},
      {"enter_training", enter_training, Meaning::changed,
       "normalise by the statistics of the batch, which move the running ones, and drop out"},
      {"autodiff", autodiff, Meaning::extended, "add the gradient of the loss by every parameter"},
      {"append_update", append_update, Meaning::extended, "turn gradients into new parameters"},
      {"fold_batch_norm", fold_batch_norm, Meaning::kept,
       "make one convolution of a convolution and the batch norm behind it"},
      {"fold_constants", fold_constants, Meaning::kept, "compute what depends on constants only"},
      {"simplify_algebra", simplify_algebra, Meaning::kept,
       "remove arithmetic and movement that change nothing"},
      {"eliminate_common_subexpressions", eliminate_common_subexpressions, Meaning::kept,
       "compute once what is computed twice"},
      {"shrink_activation_gradients", shrink_activation_gradients, Meaning::kept,
       "take an activation's gradient at the size of the max pool behind it"},
      {"remove_dead_nodes", remove_dead_nodes, Meaning::kept, "remove what no result needs"},
      {"hoist_weights", hoist_weights, Meaning::changed,
       "take out what is computed of weights alone: it is made once, not in each run"},
      {"fuse_batch_norm", fuse_batch_norm, Meaning::kept,
       "make one kernel of a batch norm and what follows, and of its gradient and what goes before"},
      {"fuse_loss", fuse_loss, Meaning::kept, "make one kernel of the loss and its gradient"},
      {"fuse_epilogues", fuse_epilogues, Meaning::kept,
       "make one kernel of a product and what follows, and of elementwise chains"},
      {"fuse_conv_activation_pool", fuse_conv_activation_pool, Meaning::kept,
       "make one kernel of a convolution and its pool, and of a max pool's gradient and what reads it"},
      {"assign_layouts", assign_layouts, Meaning::kept,
       "choose how values lie in memory and reorder them where needed"},
      {"form_slab_loops", form_slab_loops, Meaning::kept,
       "run forward and backward slab by slab of the batch, in cache"},
      {"fuse_statistics", fuse_statistics, Meaning::kept,
       "make a batch norm's statistics in the kernel of the convolution before it"},
      {"fuse_updates", fuse_updates, Meaning::kept,
       "make one kernel of an update and the sum of lanes or the product that makes its gradient"},
      {"advance_updates", advance_updates, Meaning::kept,
       "move updates behind the gradients that they read, which need not be kept then"},
      {"recompute", recompute, Meaning::kept,
       "make values of the forward pass again for the backward pass, where it is cheap, instead of keeping "
       "them"},
  }};
  return passes;
}

const Pass& find_pass(std::string_view name) {
  const auto passes = pass_table();
  const auto found = std::ranges::find(passes, name, &Pass::name);
  if (found != passes.end()) return *found;
  std::string names;
  for (const Pass& pass : passes) names += fmt::format("{}{}", names.empty() ? "" : ", ", pass.name);
  fail_input("unknown pass \"{}\"; expected one of: {}", name, names);
}

}  // namespace sinter
