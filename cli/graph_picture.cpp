#include "cli/graph_picture.h"

#include <array>
#include <map>
#include <set>

#include "cli/graph_columns.h"
#include "cli/node_labels.h"

namespace sinter::cli {
namespace {

struct PhaseStyle {
  std::string_view name, fill, line;
};

constexpr std::array<PhaseStyle, 3> phase_styles = {{
    {"forward", "#e8f1fb", "#2f6cab"},
    {"backward", "#fdf0dc", "#c2710c"},
    {"update", "#e9f6e6", "#3f8f3a"},
}};
constexpr std::string_view reorder_style =
    ", style=filled, fillcolor=\"#ffd6d6\", color=\"#d01010\", penwidth=2, fontsize=8";
constexpr std::string_view result_style = "shape=oval, style=filled, fillcolor=\"#ffffff\", peripheries=2";
constexpr std::string_view across_colour = "#a8a8a8";
constexpr std::string_view connector_style =
    "shape=oval, style=\"filled,dashed\", fillcolor=\"#ffffff\", fontsize=8";
/// Of 600 nodes with random edges dot takes 8 s, and 2 s with fewer rounds of untangling.
constexpr size_t large_graph = 150;
constexpr std::string_view large_options = ", nslimit=4, mclimit=0.5";

class Picture {
 public:
  explicit Picture(const Graph& graph)
      : graph_(graph), wiring_(graph), labels_(wiring_), columns_(sinter::cli::columns(graph)) {
    for (NodeId id = 0; id < node_count(); ++id) training_ |= wiring_.phase(id) != Phase::forward;
    if (!training_) find_continued();
    groups_ = training_ ? phase_styles.size() : columns_.empty() ? 1 : columns_.back() + 1;
  }

  std::string dot(std::string_view caption) {
    header(caption);
    for (size_t group = 0; group < groups_; ++group) boxes(group);
    if (!training_) line_up_columns();
    for (NodeId id = 0; id < node_count(); ++id) edges(id);
    continued_edges();
    for (size_t i = 0; i < graph_.results().size(); ++i) result_edge(i);
    return text_ + "}\n";
  }

 private:
  NodeId node_count() const { return static_cast<NodeId>(graph_.nodes().size()); }

  // What is drawn together, one beside the other: the phases of a training step, else columns.
  size_t group(NodeId id) const {
    return training_ ? static_cast<size_t>(wiring_.phase(id)) : static_cast<size_t>(columns_[id]);
  }

  size_t group(ValueId value) const {
    const NodeId node = graph_.info(value).node;
    if (node >= 0) return group(node);
    const NodeId reader = wiring_.first_reader(value);
    return reader < 0 ? 0 : training_ ? static_cast<size_t>(wiring_.phase(value)) : group(reader);
  }

  // An edge between columns would run through half of the picture: it ends in a small box with the value's
  // number, and goes on from one like it at the top of the other column.
  void find_continued() {
    for (NodeId id = 0; id < node_count(); ++id)
      for (const ValueId value : graph_.node(id).operands)
        if (value.valid() && wiring_.is_edge(value, id) && group(value) != group(id))
          continued_[value].insert(group(id));
  }

  const PhaseStyle& style_of(size_t group) const { return phase_styles[training_ ? group : 0]; }

  void header(std::string_view caption) {
    const std::string legend = training_ ? " (grey: what is read of the forward part)" : "";
    // newrank lines up rows across clusters: each gradient beside its layer, each update beside its gradient.
    text_ += fmt::format(
        "digraph sinter {{\n"
        "  graph [label=<<FONT POINT-SIZE=\"16\"><B>{}</B></FONT><BR/>{}>, labelloc=t]\n"
        "  graph [newrank=true, nodesep=0.15, ranksep=0.22, fontname=\"{}\", fontsize=10{}]\n"
        "  node [shape=box, style=\"rounded,filled\", margin=\"0.08,0.04\", height=0, width=0, "
        "fontname=\"{}\", fontsize=9]\n"
        "  edge [arrowsize=0.5]\n",
        dot_escaped(short_name(graph_.name)), dot_escaped(std::string(caption) + legend), font,
        graph_.nodes().size() > large_graph ? large_options : "", font);
  }

  void boxes(size_t which) {
    std::string text;
    for (int32_t i = 0; i < static_cast<int32_t>(graph_.values().size()); ++i)
      if (const ValueId value{i};
          graph_.info(value).node < 0 && wiring_.has_box(value) && group(value) == which)
        text += fmt::format("    v{} [{}, label={}]\n", i, value_style(value), labels_.value(value));
    for (NodeId id = 0; id < node_count(); ++id)
      if (group(id) == which)
        text += fmt::format("    n{} [label={}{}]\n", id, labels_.node(id), node_style(id));
    for (size_t i = 0; i < graph_.results().size(); ++i)
      if (has_mark(i) && group(graph_.results()[i].value) == which)
        text += fmt::format("    r{} [{}, label={}]\n", i, result_style, labels_.result(i));
    for (const auto& [value, readers] : continued_) {
      const std::string label = fmt::format("[{}, label={}]", connector_style, labels_.connector(value));
      if (group(value) == which) text += fmt::format("    o{} {}\n", value.index, label);
      if (readers.contains(which)) text += fmt::format("    i{}_{} {}\n", value.index, which, label);
    }
    if (text.empty()) return;
    const PhaseStyle& style = style_of(which);
    text_ += fmt::format(
        "  subgraph cluster_{} {{\n"
        "    graph [label=\"{}\", fontcolor=\"{}\", color=\"{}\", style=rounded]\n"
        "    node [fillcolor=\"{}\", color=\"{}\"]\n{}  }}\n",
        which, training_ ? style.name : "", style.line, groups_ > 1 ? "#d0d0d0" : "#ffffff", style.fill,
        style.line, text);
  }

  // The first boxes of all columns in one row, from left to right.
  void line_up_columns() {
    if (groups_ < 2) return;
    std::string boxes = "n0";
    for (NodeId id = 1; id < node_count(); ++id)
      if (columns_[id] != columns_[id - 1]) boxes += fmt::format(" -> n{}", id);
    text_ += fmt::format("  {{ rank=same; {} [style=invis] }}\n", boxes);
  }

  std::string node_style(NodeId id) const {
    return graph_.node(id).op == OpKind::reorder ? std::string(reorder_style) : "";
  }

  std::string_view value_style(ValueId value) const {
    switch (graph_.info(value).kind) {
      case ValueKind::input:
        return "shape=oval, style=filled, fillcolor=\"#ffffff\", color=\"#202020\"";
      case ValueKind::constant:
        return "shape=note, style=filled, fillcolor=\"#f2f2f2\", color=\"#707070\"";
      default:
        return "shape=cylinder, style=filled, fillcolor=\"#f6eaf7\", color=\"#8a3b8f\"";
    }
  }

  std::string box(ValueId value) const {
    const NodeId node = graph_.info(value).node;
    return node >= 0 ? fmt::format("n{}", node) : fmt::format("v{}", value.index);
  }

  // What a node's box does not say: results that replace nothing, or that no node makes.
  bool has_mark(size_t i) const {
    const GraphResult& result = graph_.results()[i];
    return !result.stored_in.valid() || graph_.info(result.value).node < 0;
  }

  // dot puts a tail above its head; a backward edge is given to it the other way round, so that gradients
  // stand beside what they are the gradients of.
  void edges(NodeId id) {
    for (const ValueId value : graph_.node(id).operands) {
      if (!value.valid() || !wiring_.is_edge(value, id)) continue;
      const size_t from = group(value), to = group(id);
      const bool backward = training_ && from == to && to == static_cast<size_t>(Phase::backward);
      const std::string_view colour = training_ && from == 0 && to != 0 ? across_colour : style_of(to).line;
      if (backward)
        text_ += fmt::format("  n{} -> {} [dir=back, color=\"{}\"]\n", id, box(value), colour);
      else if (training_ || from == to)
        text_ += fmt::format("  {} -> n{} [color=\"{}\"]\n", box(value), id, colour);
      else
        text_ += fmt::format("  i{}_{} -> n{} [color=\"{}\"]\n", value.index, to, id, colour);
    }
  }

  void continued_edges() {
    for (const auto& [value, readers] : continued_)
      text_ +=
          fmt::format("  {} -> o{} [color=\"{}\"]\n", box(value), value.index, style_of(group(value)).line);
  }

  void result_edge(size_t i) {
    const ValueId value = graph_.results()[i].value;
    if (has_mark(i) && wiring_.has_box(value))
      text_ += fmt::format("  {} -> r{} [color=\"{}\"]\n", box(value), i, style_of(group(value)).line);
  }

  static constexpr std::string_view font = "DejaVu Sans,Verdana,sans-serif";
  const Graph& graph_;
  GraphWiring wiring_;
  NodeLabels labels_;
  std::vector<int> columns_;
  bool training_ = false;
  std::map<ValueId, std::set<size_t>> continued_;  // values by the other columns that read them
  size_t groups_ = 1;
  std::string text_;
};

}  // namespace

std::string graph_picture(const Graph& graph, std::string_view caption) {
  return Picture(graph).dot(caption);
}

}  // namespace sinter::cli
