#include "passes/pipeline.h"

#include <array>

namespace sinter {

std::span<const Step> inference_pipeline() {
  static constexpr std::array<Step, 14> steps = {{
      {"bind_symbols", "kernels and memory are made for sizes"},
      {"sink_transposes", "before all that looks for a convolution and what follows it"},
      {"absorb_bias", "transposes have left their places; a batch norm behind it can be folded then"},
      {"fold_batch_norm", "before fold_constants and hoist_weights, which compute the weights that it makes"},
      {"fold_constants", "the others see plain constants"},
      {"simplify_algebra", "different spellings become equal before they are compared"},
      {"eliminate_common_subexpressions", "what is equal now is computed once"},
      {"remove_dead_nodes", "what the others left without a reader goes"},
      {"hoist_weights",
       "what still has a reader is worth preparing; fusions and layouts see parameters then"},
      {"fuse_batch_norm", "readers are final now; before fuse_epilogues, which wants the same activations"},
      {"fuse_epilogues", "readers are final now: what only the next op reads need not be stored"},
      {"fuse_conv_activation_pool", "a pool joins all that its convolution has been fused with"},
      {"assign_layouts", "fusions like other layouts than their parts"},
      {"form_slab_loops", "a slab's layouts must be known: some join samples"},
  }};
  return steps;
}

std::span<const Step> training_pipeline() {
  static constexpr std::array<Step, 22> steps = {{
      {"bind_symbols", "gradients need sizes"},
      {"sink_transposes", "before autodiff, which would transpose the gradients too"},
      {"absorb_bias", "before autodiff: the bias's gradient is the convolution's then"},
      {"append_loss", "there is nothing to differentiate before"},
      {"enter_training", "what is differentiated is what training computes"},
      {"autodiff", "before any fusion: gradients are written in terms of forward values"},
      {"append_update", "reads the gradients that autodiff left as results"},
      {"fold_constants", "the others see plain constants"},
      {"simplify_algebra", "gradient rules are written for clarity and leave identities behind"},
      {"eliminate_common_subexpressions", "gradients compute parts of the forward pass again"},
      {"shrink_activation_gradients", "gradients have one spelling now, and readers are not counted yet"},
      {"remove_dead_nodes", "gradients of inputs are wanted by nobody"},
      {"fuse_batch_norm", "readers are final now; before fuse_epilogues, which wants the same activations"},
      {"fuse_loss", "before layouts are chosen: the two like the same, and share a loop over slabs then"},
      {"fuse_epilogues",
       "readers are final now, backward ones too: what only the next op reads need not be stored"},
      {"fuse_conv_activation_pool",
       "a pool joins all that its convolution has been fused with, and its gradient what reads it"},
      {"assign_layouts", "forward and backward together, and fusions like other layouts than their parts"},
      {"form_slab_loops", "a slab's layouts must be known: some join samples"},
      {"fuse_statistics",
       "layouts say which kernel a convolution has; before recompute, which reads statistics"},
      {"fuse_updates",
       "loops leave their gradients as lanes, whose sums only updates read; layouts are chosen"},
      {"advance_updates", "fusions and loops are final, and what is in memory when can be counted then"},
      {"recompute", "what is fused and in loops need not be kept; nothing moves any more"},
  }};
  return steps;
}

}  // namespace sinter
