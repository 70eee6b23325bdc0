#include "backends/onednn/machine.h"

#include "backends/cpu_speed.h"
#include "backends/onednn/recipe.h"

namespace sinter::onednn {
namespace {

bool has(dnnl::cpu_isa isa) {
  return (static_cast<int>(dnnl::get_effective_cpu_isa()) & static_cast<int>(isa)) == static_cast<int>(isa);
}

}  // namespace

int vector_width() {
  if (has(dnnl::cpu_isa::avx512_core)) return 16;
  return has(dnnl::cpu_isa::avx2) ? 8 : 4;
}

std::string_view instruction_set() {
  if (has(dnnl::cpu_isa::avx512_core)) return "AVX-512";
  if (has(dnnl::cpu_isa::avx2)) return "AVX2";
  return has(dnnl::cpu_isa::avx) ? "AVX" : "SSE4.1";
}

double flops_per_second() { return flops_of_lane() * vector_width(); }
double bytes_per_second() { return 12e9; }

const dnnl::engine& cpu_engine() {
  // Without its cache of primitives: from that 2.6 may answer with another implementation than it had when it
  // was asked before, so that what a graph becomes would depend on what the program compiled earlier.
  static const dnnl::engine engine = [] {
    dnnl::set_primitive_cache_capacity(0);
    return dnnl::engine(dnnl::engine::kind::cpu, 0);
  }();
  return engine;
}

// Measured on Zen 4 with LeNet's convolutions and a 64 -> 64 one: the direct kernels reach 95 to 100 % of
// what their padded channels allow, channels-last BRGEMM 65 to 90 %, GEMM about half, im2col apart. Winograd
// with 64 channels, on Sapphire Rapids: 147 to 162 %, where the direct kernels reach 63 to 80 %.
Efficiency efficiency_of(std::string_view name) {
  const auto holds = [&](std::string_view part) { return name.find(part) != std::string_view::npos; };
  const int width = holds("avx512") ? 16 : holds("avx") ? 8 : holds("sse") ? 4 : vector_width();
  const double of_widest = static_cast<double>(width) / vector_width();
  if (holds("gemm")) return {holds("brg") ? 0.75 * of_widest : 0.5, holds("brg") ? width : 1};
  if (holds("wino")) return {1.5 * of_widest, width};
  if (holds("brg")) return {0.75 * of_widest, width};
  return {0.95 * of_widest, width};
}

}  // namespace sinter::onednn
