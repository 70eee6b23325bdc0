#include <benchmark/benchmark.h>
#include <omp.h>

#include <cmath>
#include <dnnl.hpp>
#include <map>
#include <thread>

#include "backends/onednn/onednn.h"
#include "ir/build.h"
#include "ir/interpreter.h"
#include "ir/philox.h"
#include "ir/relayout.h"
#include "runtime/thread_pool.h"

/// A convolution and its two gradients: a node of the onednn backend, on Sinter's thread pool, beside
/// oneDNN's direct primitive alone on OpenMP threads. Both write into memory of their own in the layouts they
/// like best; each result is compared with the reference once before it is timed. Threads: the machine's,
/// least of many repetitions is what to compare (--benchmark_repetitions).
namespace sinter {
namespace {

struct Shape2d {
  int64_t n, c, h, w, o, k;
};

const Shape2d shapes[] = {{16, 64, 56, 56, 64, 3}, {32, 256, 14, 14, 256, 3}, {1, 64, 56, 56, 64, 3}};
const OpKind kinds[] = {OpKind::conv2d, OpKind::conv2d_backward_data, OpKind::conv2d_backward_weights};

double flops_of(const Shape2d& s) { return 2.0 * s.n * s.h * s.w * s.o * s.c * s.k * s.k; }

int threads() { return static_cast<int>(std::thread::hardware_concurrency()); }

std::string name_of(OpKind kind, std::string_view backend, const Shape2d& s) {
  return fmt::format("kernel/{}/{}/f32/n{}_c{}_h{}_w{}_o{}_k{}", to_string(kind), backend, s.n, s.c, s.h, s.w,
                     s.o, s.k);
}

Graph graph_of(OpKind kind, const Shape2d& s) {
  Graph graph;
  const int64_t p = s.k / 2;
  const Ints padding = {p, p, p, p};
  const Type x{DType::f32, {s.n, s.c, s.h, s.w}, {}}, w{DType::f32, {s.o, s.c, s.k, s.k}, {}},
      y{DType::f32, {s.n, s.o, s.h, s.w}, {}};
  if (kind == OpKind::conv2d) {
    const Value image = graph.input("x", x), weight = graph.input("w", w);
    graph.add_result(conv2d(image, weight, {}, {.padding = padding}));
  } else if (kind == OpKind::conv2d_backward_data) {
    const Value dy = graph.input("dy", y), weight = graph.input("w", w);
    graph.add_result(apply(kind, {dy, weight}, {{"input_size", Ints{s.h, s.w}}, {"padding", padding}}));
  } else {
    const Value image = graph.input("x", x), dy = graph.input("dy", y);
    graph.add_result(apply(kind, {image, dy}, {{"kernel_size", Ints{s.k, s.k}}, {"padding", padding}}));
  }
  return graph;
}

Tensor random_tensor(const Type& type, std::string_view name) {
  Tensor tensor(type.dtype, sizes(type.shape));
  Random random(1, stream_id(name));
  for (int64_t i = 0; i < tensor.count(); ++i) tensor.set(i, random.uniform() - 0.5);
  return tensor;
}

// A value in the layout that the node wants.
struct Buffer {
  Type type;
  std::shared_ptr<std::byte> memory;

  explicit Buffer(Type t) : type(std::move(t)), memory(allocate_aligned(type.bytes())) {}
  void fill(const Tensor& tensor) { relayout(tensor.type(), tensor.data(), type, memory.get()); }
  Tensor plain() const {
    Tensor tensor(type.dtype, sizes(type.shape));
    relayout(type, memory.get(), tensor.type(), tensor.data());
    return tensor;
  }
};

// Largest difference over the largest value.
double error_of(const Tensor& actual, const Tensor& expected) {
  double difference = 0, largest = 0;
  for (int64_t i = 0; i < expected.count(); ++i) {
    difference = std::max(difference, std::abs(actual.at(i) - expected.at(i)));
    largest = std::max(largest, std::abs(expected.at(i)));
  }
  return difference / largest;
}

void report(benchmark::State& state, const Shape2d& shape) {
  state.counters["FLOP/s"] = benchmark::Counter(flops_of(shape) * static_cast<double>(state.iterations()),
                                                benchmark::Counter::kIsRate);
}

// The fastest implementation of the node, by the backend's own estimate.
void run_node(benchmark::State& state, OpKind kind, const Shape2d& shape) {
  const auto backend = make_onednn_backend();
  Graph graph = graph_of(kind, shape);
  const auto ways = backend->implementations(graph, 0, {});
  const auto best = std::ranges::min_element(ways, {}, &Implementation::seconds);
  Graph laid_out;
  const Node& old = graph.node(0);
  Node node = old;
  node.results.clear();
  std::vector<Buffer> buffers;
  Bindings plain;
  for (size_t i = 0; i < old.operands.size(); ++i) {
    if (!old.operands[i].valid()) continue;
    Type type = graph.type(old.operands[i]);
    plain.inputs.push_back(random_tensor(type, graph.info(old.operands[i]).name));
    type.layout = best->operands[i];
    node.operands[i] = laid_out.input(graph.info(old.operands[i]).name, type).id();
    buffers.emplace_back(type).fill(plain.inputs.back());
  }
  Type result = graph.type(old.results[0]);
  result.layout = best->results[0];
  laid_out.append_typed(node, {&result, 1});
  buffers.emplace_back(result);
  const CompiledNode compiled = backend->compile(laid_out, 0);
  std::vector<void*> pointers;
  for (const Buffer& buffer : buffers) pointers.push_back(buffer.memory.get());
  if (old.operands.size() > 2) pointers.insert(pointers.begin() + 2, nullptr);  // no bias
  const auto scratch = allocate_aligned(compiled.scratch_bytes);
  pointers.push_back(scratch.get());
  ThreadPool pool(threads());
  int64_t workspace_bytes = 0;
  for (const auto& kernel : compiled.kernels)
    workspace_bytes = std::max(workspace_bytes, kernel->workspace_bytes());
  const auto workspace = allocate_aligned(workspace_bytes * threads());
  const auto step = [&] {
    for (const auto& kernel : compiled.kernels)
      pool.parallel_for(kernel->units(), [&](int thread, int64_t begin, int64_t end) {
        if (!kernel->run(pointers.data(), workspace.get() + thread * workspace_bytes, begin, end))
          fail("{} could not compute its kernel", compiled.backend);
      });
  };
  step();
  const double error = error_of(buffers.back().plain(), interpret(graph, plain)[0]);
  if (!(error < 1e-4)) return state.SkipWithError("differs from the reference");
  for (auto _ : state) step();
  report(state, shape);
}

// oneDNN's primitive as its documentation runs it: its layouts, its threads.
void run_bare(benchmark::State& state, OpKind kind, const Shape2d& s) {
  using dnnl::memory;
  omp_set_num_threads(threads());
  const dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
  dnnl::stream stream(cpu);
  const auto any = [](memory::dims dims) {
    return memory::desc(std::move(dims), memory::data_type::f32, memory::format_tag::any);
  };
  const memory::desc x = any({s.n, s.c, s.h, s.w}), w = any({s.o, s.c, s.k, s.k}),
                     y = any({s.n, s.o, s.h, s.w});
  const memory::dims stride = {1, 1}, padding = {s.k / 2, s.k / 2};
  const auto direct = dnnl::algorithm::convolution_direct;
  const dnnl::convolution_forward::primitive_desc forward(
      {dnnl::prop_kind::forward_training, direct, x, w, y, stride, padding, padding}, cpu);
  std::unordered_map<int, memory> arguments;
  const auto bind = [&](int argument, const memory::desc& description) {
    memory bound(description, cpu);
    auto* const data = static_cast<float*>(bound.get_data_handle());
    std::fill_n(data, description.get_size() / sizeof(float), 0.25F);
    arguments.emplace(argument, bound);
  };
  dnnl::primitive primitive;
  if (kind == OpKind::conv2d) {
    primitive = dnnl::convolution_forward(forward);
    bind(DNNL_ARG_SRC, forward.src_desc());
    bind(DNNL_ARG_WEIGHTS, forward.weights_desc());
    bind(DNNL_ARG_DST, forward.dst_desc());
  } else if (kind == OpKind::conv2d_backward_data) {
    const dnnl::convolution_backward_data::primitive_desc backward(
        {direct, x, w, y, stride, padding, padding}, cpu, forward);
    primitive = dnnl::convolution_backward_data(backward);
    bind(DNNL_ARG_DIFF_SRC, backward.diff_src_desc());
    bind(DNNL_ARG_WEIGHTS, backward.weights_desc());
    bind(DNNL_ARG_DIFF_DST, backward.diff_dst_desc());
  } else {
    const dnnl::convolution_backward_weights::primitive_desc backward(
        {direct, x, w, y, stride, padding, padding}, cpu, forward);
    primitive = dnnl::convolution_backward_weights(backward);
    bind(DNNL_ARG_SRC, backward.src_desc());
    bind(DNNL_ARG_DIFF_WEIGHTS, backward.diff_weights_desc());
    bind(DNNL_ARG_DIFF_DST, backward.diff_dst_desc());
  }
  const auto step = [&] {
    primitive.execute(stream, arguments);
    stream.wait();
  };
  step();
  for (auto _ : state) step();
  report(state, s);
}

void register_all() {
  for (const Shape2d& shape : shapes)
    for (const OpKind kind : kinds) {
      for (const auto& [name, run] :
           std::map<std::string, void (*)(benchmark::State&, OpKind, const Shape2d&)>{
               {"onednn", run_node}, {"onednn_alone", run_bare}})
        benchmark::RegisterBenchmark(name_of(kind, name, shape).c_str(), run, kind, shape)
            ->Unit(benchmark::kMillisecond)
            ->UseRealTime();
    }
}

}  // namespace
}  // namespace sinter

int main(int argc, char** argv) {
  sinter::register_all();
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
