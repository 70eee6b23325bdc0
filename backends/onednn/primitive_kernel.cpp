#include "backends/onednn/primitive_kernel.h"

#include <omp.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "backends/onednn/fill.h"
#include "backends/onednn/lane_sum.h"
#include "backends/onednn/machine.h"
#include "backends/onednn/memory_desc.h"
#include "backends/onednn/moments.h"

namespace sinter::onednn {
namespace {

constexpr int64_t most_slices = 16;
// Each lane starts anew on the weights' gradient: on a 64 -> 64 convolution at 56x56, batch 16, with 2
// threads, 16 lanes took 3.6 % longer than oneDNN alone, 8 took 2.7 %, 4 took 1.1 % but leave more threads
// idle.
constexpr int64_t most_lanes = 8;
constexpr double least_seconds = 15e-6;  // of a slice: calling a primitive takes 1 to 2 us

// Primitives are made for and run on the thread that calls them: this setting of OpenMP is each thread's own.
class OneThread {
 public:
  OneThread() : before_(omp_get_max_threads()) { omp_set_num_threads(1); }
  ~OneThread() { omp_set_num_threads(before_); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_;
};

struct BoundArgument {
  int argument;
  size_t buffer;
  int64_t step;  ///< bytes from one slice to the next
  int64_t offset;
  dnnl_memory_desc_t whole, last;
};

int64_t round_up(int64_t bytes) { return (bytes + 63) / 64 * 64; }

// One slice's memory objects; they only point at the data.
class ArgumentList {
 public:
  explicit ArgumentList(dnnl_engine_t engine) : engine_(engine) {}
  ~ArgumentList() {
    for (size_t i = 0; i < count_; ++i) dnnl_memory_destroy(arguments_[i].memory);
  }
  ArgumentList(const ArgumentList&) = delete;
  ArgumentList& operator=(const ArgumentList&) = delete;

  bool add(int argument, const dnnl_memory_desc_t& description, void* data) {
    dnnl_exec_arg_t& added = arguments_[count_];
    added.arg = argument;
    if (dnnl_memory_create(&added.memory, &description, engine_, data) != dnnl_success) return false;
    ++count_;
    return true;
  }
  bool execute(dnnl_primitive_t primitive) {
    dnnl_stream_t stream = nullptr;
    if (dnnl_stream_create(&stream, engine_, dnnl_stream_default_flags) != dnnl_success) return false;
    const bool done = dnnl_primitive_execute(primitive, stream, static_cast<int>(count_),
                                             arguments_.data()) == dnnl_success &&
                      dnnl_stream_wait(stream) == dnnl_success;
    dnnl_stream_destroy(stream);
    return done;
  }

 private:
  dnnl_engine_t engine_;
  std::array<dnnl_exec_arg_t, most_arguments + 1> arguments_{};  // and the scratchpad
  size_t count_ = 0;
};

class PrimitiveKernel final : public Kernel {
 public:
  PrimitiveKernel(const dnnl::primitive_desc_base& whole, const dnnl::primitive_desc_base& last,
                  int64_t slices, std::vector<BoundArgument> arguments)
      : engine_(whole.get_engine()),
        whole_(whole.get()),
        last_(last.get()),
        slices_(slices),
        arguments_(std::move(arguments)),
        scratchpad_(whole.query_md(dnnl::query::scratchpad_md)),
        last_scratchpad_(last.query_md(dnnl::query::scratchpad_md)) {}

  int64_t units() const noexcept override { return slices_; }
  int64_t workspace_bytes() const noexcept override {
    return static_cast<int64_t>(std::max(scratchpad_.get_size(), last_scratchpad_.get_size()));
  }

  bool run(void* const* buffers, void* workspace, int64_t begin, int64_t end) const noexcept override {
    const OneThread one;
    for (int64_t slice = begin; slice < end; ++slice)
      if (!run_slice(buffers, workspace, slice)) return false;
    return true;
  }

 private:
  bool run_slice(void* const* buffers, void* workspace, int64_t slice) const noexcept {
    const bool last = slice == slices_ - 1;
    ArgumentList list(engine_.get());
    for (const BoundArgument& argument : arguments_)
      if (!list.add(argument.argument, last ? argument.last : argument.whole,
                    data_of(argument, buffers, slice)))
        return false;
    const dnnl::memory::desc& scratchpad = last ? last_scratchpad_ : scratchpad_;
    return list.add(DNNL_ARG_SCRATCHPAD, scratchpad.data, workspace) &&
           list.execute((last ? last_ : whole_).get());
  }

  static void* data_of(const BoundArgument& argument, void* const* buffers, int64_t slice) {
    auto* const data = static_cast<std::byte*>(buffers[argument.buffer]);
    return data + argument.offset + slice * argument.step;  // the step of what is whole is 0
  }

  dnnl::engine engine_;
  dnnl::primitive whole_, last_;
  int64_t slices_;
  std::vector<BoundArgument> arguments_;
  dnnl::memory::desc scratchpad_, last_scratchpad_;
};

int64_t block_of(const Layout& layout, int dimension) {
  int64_t block = 1;
  for (const Layout::Block& each : layout.blocks())
    if (each.dimension == dimension) block *= each.size;
  return block;
}

// Bytes from one slice to the next.
int64_t step_of(const Argument& argument, const Type& type, int64_t chunk) {
  const dnnl::memory::desc whole = describe(type, sizes(type.shape));
  return chunk / block_of(type.layout, argument.dimension) *
         whole.data.format_desc.blocking.strides[argument.dimension] * size_of(type.dtype);
}

Type with_layout(const Type& type, const Layout& layout) { return {type.dtype, type.shape, layout}; }

}  // namespace

int64_t worthwhile_slices(double seconds, int64_t lane_bytes) {
  const double summing = 2 * static_cast<double>(lane_bytes) / bytes_per_second();
  const double each = std::max(least_seconds, 10 * summing);
  return std::clamp(static_cast<int64_t>(seconds / each), int64_t{1},
                    lane_bytes > 0 ? most_lanes : most_slices);
}

SlicedPrimitive::SlicedPrimitive(const Recipe& recipe, const LayoutChoice& layouts, int64_t slices)
    : recipe_(recipe), choice_(layouts) {
  for (const Argument& argument : recipe_.arguments)
    if (argument.cut == Cut::slice) total_ = sizes(argument.port.type.shape)[argument.dimension];
  chunk_ = (total_ + slices - 1) / slices;
  chunk_ = std::min(total_, (chunk_ + recipe_.grain - 1) / recipe_.grain * recipe_.grain);
  primitive_ = describe_part(chunk_);
}

dnnl::primitive_desc_base SlicedPrimitive::describe_part(int64_t size) const {
  const OneThread one;
  Descriptions descriptions(choice_.size());
  for (const Argument& argument : recipe_.arguments) {
    const Type& type = argument.port.type;
    auto part = sizes(type.shape);
    if (argument.cut == Cut::slice) part[argument.dimension] = size;
    const auto& layout = choice_[argument.port.buffer];
    descriptions[argument.port.buffer] =
        layout ? onednn::describe(with_layout(type, *layout), part) : describe_any(type, part);
  }
  try {
    return recipe_.describe(descriptions);
  } catch (const dnnl::error&) {
    return {};  // it has no such primitive
  }
}

bool SlicedPrimitive::exists() const {
  if (primitive_.get(true) == nullptr) return false;
  const std::string name = implementation();
  return name.find("ref") == std::string::npos &&
         (recipe_.simple || name.find("simple:any") == std::string::npos);
}

std::string SlicedPrimitive::implementation() const { return primitive_.impl_info_str(); }

std::optional<std::vector<Layout>> SlicedPrimitive::layouts() const {
  std::vector<Layout> layouts(choice_.size());
  for (const Argument& argument : recipe_.arguments) {
    const auto& chosen = choice_[argument.port.buffer];
    const auto found =
        chosen ? chosen : layout_of(primitive_.query_md(dnnl::query::exec_arg_md, argument.argument));
    const bool is_cut = argument.cut == Cut::slice && chunk_ < total_;
    if (!found || (is_cut && chunk_ % block_of(*found, argument.dimension) != 0)) return std::nullopt;
    layouts[argument.port.buffer] = *found;
  }
  return layouts;
}

CompiledNode SlicedPrimitive::compile() const {
  const int64_t slices = (total_ + chunk_ - 1) / chunk_, rest = total_ - (slices - 1) * chunk_;
  const auto last = rest == chunk_ ? primitive_ : describe_part(rest);
  if (last.get(true) == nullptr)
    fail("oneDNN has no {} for the last {} of {}", implementation(), rest, total_);
  const size_t scratch = choice_.size();
  CompiledNode compiled{"onednn", {}, 0};
  std::vector<BoundArgument> arguments;
  std::vector<std::unique_ptr<Kernel>> sums;
  if (const auto& fill = recipe_.fill) {
    const size_t buffer = fill->result.buffer;
    const int64_t bytes = with_layout(fill->result.type, choice_[buffer].value()).bytes();
    compiled.kernels.push_back(make_fill(buffer, bytes, fill->value));
  }
  if (const auto& of = recipe_.statistics) {
    const Type x = with_layout(of->x.type, choice_[of->x.buffer].value());
    compiled.kernels.push_back(make_moments(x, of->x.buffer, of->mean.buffer, of->variance.buffer));
  }
  for (const Argument& argument : recipe_.arguments) {
    const Type type = with_layout(argument.port.type, choice_[argument.port.buffer].value());
    BoundArgument bound{argument.argument,
                        argument.port.buffer,
                        0,
                        0,
                        primitive_.query_md(dnnl::query::exec_arg_md, argument.argument).data,
                        last.query_md(dnnl::query::exec_arg_md, argument.argument).data};
    if (argument.cut == Cut::slice) bound.step = step_of(argument, type, chunk_);
    if (argument.cut == Cut::lane && slices > 1) {
      bound.step = round_up(type.bytes());
      bound.buffer = scratch;
      sums.push_back(make_lane_sum({argument.port.buffer, scratch, compiled.scratch_bytes, bound.step, slices,
                                    type.bytes() / size_of(type.dtype)}));
      bound.offset = compiled.scratch_bytes;
      compiled.scratch_bytes += slices * bound.step;
    }
    arguments.push_back(bound);
  }
  const OneThread one;
  compiled.kernels.push_back(
      std::make_unique<PrimitiveKernel>(primitive_, last, slices, std::move(arguments)));
  std::ranges::move(sums, std::back_inserter(compiled.kernels));
  return compiled;
}

}  // namespace sinter::onednn
