#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ir/graph.h"

namespace sinter {

class Target;

/// What a pass wants the user to know: why it left something alone.
struct Remark {
  std::string pass;
  std::string source;  ///< of the node, such as "features.0"
  std::string text;
  std::optional<OpKind> op = {};  ///< the node's, or that of the first of several; none: it is about a region
  bool operator==(const Remark&) const = default;
};

/// How form_slab_loops cuts a batch.
struct SlabOptions {
  int64_t slab = 0;   ///< samples; 0: as many as fit the cache
  int64_t lanes = 8;  ///< the most where sums are accumulated: not the number of threads, so that bits stay
  /// What a slab's intermediate values may take, in bytes: half of a 1 MB L2, which weights share.
  int64_t cache_bytes = 512 * 1024;
  /// A sum of more bytes, all lanes together, is not accumulated: with 8 lanes each would be more than a
  /// quarter of a 1 MB L2, read and written for every slab.
  int64_t accumulated_bytes = 2 * 1024 * 1024;
};

/// What Adam, AdamW and RMSprop are told beyond what all optimizers are; the defaults are PyTorch's.
struct AdaptiveOptions {
  double beta1 = 0.9, beta2 = 0.999;  ///< adam, adamw: of the averages of gradients and of their squares
  double eps = 1e-8;
  double alpha = 0.99;    ///< rmsprop: of the averages
  bool centered = false;  ///< rmsprop: divide by the deviation, not by the root of the mean square
};

/// Limits of the gradients that an update sees; 0: none.
struct GradientClipping {
  double value = 0;  ///< of each element, either way
  double norm = 0;   ///< of all gradients together
};

/// Whether values of the forward pass are made again for the backward pass.
enum class Recompute : uint8_t {
  automatic,  ///< those that hardly cost time
  never,
  always,  ///< all that lower the memory needed
};

/// What passes may be told. Each reads what its header names.
struct PassOptions {
  std::map<std::string, int64_t> symbols = {};  ///< bind_symbols: N -> 256
  std::string loss = "cross_entropy";           ///< append_loss: cross_entropy or mse
  std::string loss_reduction = "mean";          ///< append_loss: mean or sum
  double label_smoothing = 0;                   ///< append_loss: of cross_entropy
  bool scores = false;                          ///< append_loss: keep the model's own result
  std::string optimizer = "sgd";                ///< append_update: sgd, adam, adamw or rmsprop
  double momentum = 0;                          ///< append_update: of sgd and rmsprop
  std::optional<double> weight_decay = {};      ///< append_update; none: 0.01 for adamw, 0 for others
  bool nesterov = false;                        ///< append_update: of sgd
  AdaptiveOptions adaptive = {};                ///< append_update
  GradientClipping clip = {};                   ///< append_update
  bool accumulate = false;                      ///< append_update: gradients are summed over several steps
  SlabOptions slabs = {};                       ///< form_slab_loops, and assign_layouts before it
  Recompute recompute = Recompute::automatic;   ///< recompute
  bool loops_follow = false;                    ///< form_slab_loops is still to come: set by run_passes
  std::vector<Body>* prepared = nullptr;        ///< hoist_weights: where it puts what it takes out
  const Target* target = nullptr;               ///< what will run the graph: those that fuse and lay out
  std::vector<Remark>* remarks = nullptr;       ///< where they say what they left alone
};

/// Turns a graph into another; true if it changed. Throws InputError where the graph or the options do not
/// allow it.
using PassFunction = bool (*)(Graph& graph, const PassOptions& options);

/// Whether the graph means the same before and after.
enum class Meaning : uint8_t {
  kept,      ///< same inputs, same results, same numbers
  extended,  ///< inputs and results change; a result of the same name has the same numbers
  changed,   ///< another computation: nothing is compared
};

struct Pass {
  std::string_view name;
  PassFunction run;
  Meaning meaning;
  std::string_view summary;
};

}  // namespace sinter
