#include "cli/explain_json.h"

#include <nlohmann/json.hpp>

#include "ir/amounts.h"

namespace sinter::cli {
namespace {

using Json = nlohmann::ordered_json;

double milliseconds(double seconds) { return rounded(1e3 * seconds); }

Json json_of(const Remark& remark) {
  return {{"pass", remark.pass}, {"layer", remark.source}, {"text", remark.text}};
}

void add_share(Json& object, double limit, const StepTimes& seconds) {
  const bool any = seconds.count > 0 && limit > 0;
  const auto share = any ? roofline_share(limit, seconds.min) : std::nullopt;
  object["roofline_share"] = share ? Json(rounded(*share)) : Json();
  if (any && !share) object["error"] = above_limit;
}

void add_work(Json& object, const KernelReport& kernel) {
  object["flops"] = static_cast<int64_t>(kernel.flops);
  object["least_flops"] = static_cast<int64_t>(kernel.least_flops);
  object["bytes"] = static_cast<int64_t>(kernel.bytes);
  object["predicted_ms"] = kernel.predicted ? Json(milliseconds(*kernel.predicted)) : Json();
  object["limit_ms"] = milliseconds(kernel.limit.seconds);
}

void add_times(Json& object, const StepTimes& seconds) {
  object["min_ms"] = seconds.count > 0 ? Json(milliseconds(seconds.min)) : Json();
  object["median_ms"] = seconds.count > 0 ? Json(milliseconds(seconds.median)) : Json();
}

Json json_of(const StepReport& report, size_t place) {
  const KernelReport& kernel = report.kernels[place];
  Json object = {{"kind", kernel.slabs ? "slab_loop" : "kernel"}, {"number", place + 1}};
  object["loop"] = kernel.loop ? Json(*kernel.loop + 1) : Json();
  if (kernel.slabs) {
    object["slabs"] = kernel.slabs->slabs;
    object["slab"] = kernel.slabs->slab;
    object["lanes"] = kernel.slabs->lanes;
  }
  object["ops"] = kernel.ops;
  object["form"] = kernel.form.empty() ? Json() : Json(kernel.form);
  object["layer"] = kernel.source;
  object["backend"] = kernel.backend.empty() ? Json() : Json(kernel.backend);
  object["reads"] = kernel.reads;
  object["writes"] = kernel.writes;
  add_work(object, kernel);
  if (kernel.slabs || kernel.limit.seconds == 0)
    object["limited_by"] = Json();
  else
    object["limited_by"] = kernel.limit.by_bytes ? "bytes" : "flops";
  object["peak_gflops"] = kernel.peak_flops > 0 ? Json(rounded(1e-9 * kernel.peak_flops)) : Json();
  add_times(object, kernel.seconds);
  add_share(object, kernel.limit.seconds, kernel.seconds);
  object["remarks"] = Json::array();
  for (const size_t i : kernel.remarks) object["remarks"].push_back(json_of(report.remarks[i]));
  return object;
}

Json total_of(const StepTitle& title, const StepReport& report) {
  Json object = {{"kind", "total"},
                 {"model", title.model},
                 {"mode", title.mode},
                 {"backend", report.backend},
                 {"batch_size", report.batch_size},
                 {"threads", report.threads},
                 {"peak_gflops", rounded(1e-9 * report.peak_flops)},
                 {"repeat", report.step.count}};
  add_work(object, report.total);
  object["kernels_min_ms"] = milliseconds(report.total.seconds.min);
  object["kernels_median_ms"] = milliseconds(report.total.seconds.median);
  add_times(object, report.step);
  add_share(object, report.total.limit.seconds, report.step);
  return object;
}

}  // namespace

std::string explain_json(const StepTitle& title, const StepReport& report) {
  std::string text;
  for (size_t i = 0; i < report.kernels.size(); ++i) text += json_of(report, i).dump() + "\n";
  text += total_of(title, report).dump() + "\n";
  for (const size_t i : remarks_of_no_kernel(report)) {
    Json object = {{"kind", "remark"}};
    object.update(json_of(report.remarks[i]));
    text += object.dump() + "\n";
  }
  return text;
}

}  // namespace sinter::cli
