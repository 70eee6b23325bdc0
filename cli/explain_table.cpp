#include "cli/explain_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "cli/table.h"
#include "ir/amounts.h"

namespace sinter::cli {
namespace {

constexpr size_t ops_width = 38;

// Six significant digits would be more than a measurement has.
std::string microseconds(double seconds) {
  const double us = 1e6 * seconds;
  return fmt::format("{:.{}f}", us, us < 10 ? 2 : us < 1000 ? 1 : 0);
}

// Each layout once; vectors and scalars have but one, and say nothing where there are others.
std::string distinct(const std::vector<std::string>& tags) {
  std::vector<std::string> shown;
  for (const std::string& tag : tags)
    if (tag.size() > 1 && std::ranges::count(shown, tag) == 0) shown.push_back(tag);
  return shown.empty() ? "a" : fmt::format("{}", fmt::join(shown, " "));
}

std::string layouts_of(const KernelReport& kernel) {
  if (kernel.slabs) return "";  // those of its kernels say it
  return fmt::format("{} -> {}", distinct(kernel.reads), distinct(kernel.writes));
}

// A long fusion takes several lines.
std::vector<std::string> lines_of_ops(const KernelReport& kernel) {
  if (kernel.slabs)
    return {fmt::format("{}: {} slabs of {}, {} lanes", kernel.ops, kernel.slabs->slabs, kernel.slabs->slab,
                        kernel.slabs->lanes)};
  const std::string indent = kernel.loop ? "  " : "";
  const std::string ops = kernel.ops + (kernel.form.empty() ? "" : ", " + kernel.form);
  std::vector<std::string> lines = {indent};
  for (size_t at = 0; at < ops.size();) {
    const size_t end = std::min(ops.find(" + ", at), ops.size());
    const bool last = end == ops.size();
    const std::string part = ops.substr(at, end - at) + (last ? "" : " +");
    if (lines.back().size() + part.size() > ops_width && lines.back() != indent)
      lines.push_back(indent + "  ");
    lines.back() += (lines.back().find_first_not_of(' ') == std::string::npos ? "" : " ") + part;
    at = last ? end : end + 3;
  }
  return lines;
}

std::string share_cell(double limit, double measured) {
  if (limit == 0) return "-";  // nothing that must be done
  const auto share = roofline_share(limit, measured);
  return share ? fmt::format("{:.1f} %", 100 * *share) : "error";
}

std::string limit_cell(const KernelReport& kernel) {
  return microseconds(kernel.limit.seconds) + (kernel.slabs || kernel.limit.seconds == 0 ? "  "
                                               : kernel.limit.by_bytes                   ? " b"
                                                                                         : " f");
}

Table empty_table() {
  const auto right = Column::Align::right;
  return Table({{"#", right},
                {"kernel"},
                {"layer"},
                {"backend"},
                {"layouts read -> written"},
                {"FLOPs", right},
                {"bytes", right},
                {"limit us", right},
                {"predicted", right},
                {"least us", right},
                {"median us", right},
                {"share", right}});
}

void add_kernel(Table& table, const KernelReport& kernel, size_t number) {
  const auto lines = lines_of_ops(kernel);
  const bool runs = kernel.slabs || !kernel.backend.empty();
  if (runs)
    table.row({std::to_string(number), lines[0], kernel.source, kernel.backend, layouts_of(kernel),
               with_prefix(kernel.flops), byte_size(static_cast<int64_t>(kernel.bytes)), limit_cell(kernel),
               kernel.predicted ? microseconds(*kernel.predicted) : "-", microseconds(kernel.seconds.min),
               microseconds(kernel.seconds.median), share_cell(kernel.limit.seconds, kernel.seconds.min)});
  else
    table.row({std::to_string(number), lines[0], kernel.source, "a view", layouts_of(kernel), "", "", "", "",
               "", "", ""});
  for (size_t i = 1; i < lines.size(); ++i) table.row({"", lines[i], "", "", "", "", "", "", "", "", "", ""});
}

void add_totals(Table& table, const StepReport& report) {
  const KernelReport& total = report.total;
  table.rule();
  table.row({"", "sum of the kernels", "", "", "", with_prefix(total.flops),
             byte_size(static_cast<int64_t>(total.bytes)), microseconds(total.limit.seconds) + "  ",
             total.predicted ? microseconds(*total.predicted) : "-", microseconds(total.seconds.min),
             microseconds(total.seconds.median), share_cell(total.limit.seconds, total.seconds.min)});
  table.row({"", fmt::format("whole step ({} timed)", report.step.count), "", report.backend, "",
             with_prefix(total.flops), byte_size(static_cast<int64_t>(total.bytes)),
             microseconds(total.limit.seconds) + "  ", "", microseconds(report.step.min),
             microseconds(report.step.median), share_cell(total.limit.seconds, report.step.min)});
}

// That of all kernels, or by backend where their vectors are not as wide.
std::string peaks_of(const StepReport& report) {
  std::map<std::string, double> by_backend;
  std::set<double> peaks;
  for (const KernelReport& kernel : report.kernels)
    if (!kernel.backend.empty()) peaks.insert(by_backend[kernel.backend] = kernel.peak_flops);
  if (peaks.size() < 2) return fmt::format("{:.1f}", 1e-9 * report.peak_flops);
  std::string text;
  for (const auto& [backend, peak] : by_backend)
    text += fmt::format("{}{:.1f} ({})", text.empty() ? "" : ", ", 1e-9 * peak, backend);
  return text;
}

std::string errors(const StepReport& report) {
  std::string text;
  const auto look_at = [&](const std::string& what, double limit, double measured) {
    if (!roofline_share(limit, measured))
      text += fmt::format("{}: {}; the limit is {} us, measured were {} us\n", what, above_limit,
                          microseconds(limit), microseconds(measured));
  };
  for (size_t i = 0; i < report.kernels.size(); ++i) {
    const KernelReport& kernel = report.kernels[i];
    look_at(fmt::format("kernel {}", i + 1), kernel.limit.seconds, kernel.seconds.min);
  }
  look_at("sum of the kernels", report.total.limit.seconds, report.total.seconds.min);
  look_at("whole step", report.total.limit.seconds, report.step.min);
  return text;
}

std::string line_of(const Remark& remark) {
  return fmt::format("{}: {}{}\n", remark.pass,
                     remark.source.empty() ? "" : "\"" + remark.source + "\": ", remark.text);
}

// Each remark once, behind the numbers of all kernels that it is about.
std::string remarks_of_kernels(const StepReport& report) {
  std::string text;
  for (size_t i = 0; i < report.remarks.size(); ++i) {
    std::vector<size_t> numbers;
    for (size_t k = 0; k < report.kernels.size(); ++k)
      if (std::ranges::count(report.kernels[k].remarks, i) > 0) numbers.push_back(k + 1);
    if (numbers.empty()) continue;
    text +=
        fmt::format("  {:>5}  {}", fmt::format("{}", fmt::join(numbers, ",")), line_of(report.remarks[i]));
  }
  return text.empty() ? "" : "\nWhat was left alone, and why, by kernel:\n" + text;
}

std::string other_remarks(const StepReport& report) {
  std::string text;
  for (const size_t i : remarks_of_no_kernel(report)) text += "         " + line_of(report.remarks[i]);
  return text.empty() ? "" : "\nWhat was left alone, and belongs to no kernel:\n" + text;
}

}  // namespace

std::string explain_table(const StepTitle& title, const StepReport& report) {
  Table table = empty_table();
  for (size_t i = 0; i < report.kernels.size(); ++i) add_kernel(table, report.kernels[i], i + 1);
  add_totals(table, report);
  return fmt::format(
             "{}, {}, batch {}, {} thread{}; peak {} GFLOP/s; the limit is set by f: FLOPs, b: bytes\n\n",
             title.model, title.mode == "train" ? "training step" : "inference", report.batch_size,
             report.threads, report.threads == 1 ? "" : "s", peaks_of(report)) +
         table.text() + errors(report) + remarks_of_kernels(report) + other_remarks(report);
}

}  // namespace sinter::cli
