#include "bench/kernels/layer.h"

#include <fstream>
#include <sstream>

#include "ir/error.h"
#include "ir/op_table.h"

namespace sinter::bench {
namespace {

class Line {
 public:
  Line(std::string place, std::string_view text) : place_(std::move(place)), words_(std::string(text)) {}

  std::string word(std::string_view what) {
    std::string word;
    if (!(words_ >> word)) fail_input("{}: {} is missing", place_, what);
    return word;
  }

  int64_t number(std::string_view what, int64_t least) {
    const std::string text = word(what);
    const bool digits = text.find_first_not_of("0123456789") == std::string::npos && text.size() <= 6;
    if (!digits || std::stoll(text) < least)
      fail_input("{}: {} is \"{}\"; expected a number from {} to 999999", place_, what, text, least);
    return std::stoll(text);
  }

  // Empty for `none`.
  std::optional<OpKind> op(std::string_view what, std::initializer_list<OpKind> allowed) {
    const std::string text = word(what);
    if (text == "none") return {};
    std::string names;
    for (const OpKind kind : allowed) {
      if (to_string(kind) == text) return kind;
      names += fmt::format("{}, ", to_string(kind));
    }
    fail_input("{}: {} is \"{}\"; expected {}none", place_, what, text, names);
  }

  void end() {
    std::string rest;
    if (words_ >> rest) fail_input("{}: \"{}\" follows the last column", place_, rest);
  }

  void check_window(std::string_view what, int64_t size, int64_t kernel, int64_t padding) const {
    if (size + 2 * padding < kernel)
      fail_input("{}: the {}'s kernel of {} is larger than its padded image of {}", place_, what, kernel,
                 size + 2 * padding);
  }

 private:
  std::string place_;
  std::istringstream words_;
};

Layer read_layer(Line line) {
  Layer layer = {};
  layer.n = line.number("n", 1);
  layer.c = line.number("c", 1);
  layer.h = line.number("h", 1);
  layer.w = line.number("w", 1);
  layer.o = line.number("o", 1);
  layer.k = line.number("k", 1);
  layer.s = line.number("s", 1);
  layer.p = line.number("p", 0);
  line.check_window("convolution", std::min(layer.h, layer.w), layer.k, layer.p);
  layer.activation = line.op("activation", {OpKind::relu, OpKind::leaky_relu, OpKind::sigmoid, OpKind::tanh});
  if (const auto op = line.op("pool", {OpKind::max_pool2d, OpKind::avg_pool2d})) {
    PoolShape pool{*op, line.number("pool kernel", 1), line.number("pool stride", 1), 0};
    pool.padding = line.number("pool padding", 0);
    line.check_window("pool", std::min(layer.conv_height(), layer.conv_width()), pool.kernel, pool.padding);
    layer.pool = pool;
  }
  line.end();
  return layer;
}

}  // namespace

double Layer::flops() const {
  return 2.0 * static_cast<double>(n * o * conv_height() * conv_width()) * static_cast<double>(c * k * k);
}

bool Layer::masks_pooled_gradient() const {
  return activation == OpKind::relu && pool && pool->op == OpKind::max_pool2d;
}

std::string subject_name(const Layer& layer, Work work) {
  std::string name = "conv2d";
  if (layer.activation) name += fmt::format("_{}", to_string(*layer.activation));
  if (layer.pool) name += fmt::format("_{}", to_string(layer.pool->op));
  if (work == Work::backward_data) name += "_backward_data";
  if (work == Work::backward_weights) name += "_backward_weights";
  return name;
}

std::string shape_name(const Layer& l) {
  std::string name = fmt::format("n{}_c{}_h{}_w{}_o{}_k{}", l.n, l.c, l.h, l.w, l.o, l.k);
  if (l.s != 1) name += fmt::format("_s{}", l.s);
  if (l.p != 0) name += fmt::format("_p{}", l.p);
  if (!l.pool) return name;
  name += fmt::format("_{}{}", l.pool->op == OpKind::max_pool2d ? "max" : "avg", l.pool->kernel);
  if (l.pool->stride != l.pool->kernel) name += fmt::format("_s{}", l.pool->stride);
  if (l.pool->padding != 0) name += fmt::format("_p{}", l.pool->padding);
  return name;
}

std::vector<Layer> read_layers(const std::filesystem::path& file) {
  std::ifstream stream(file);
  if (!stream) fail_input("{}: cannot be read", file.string());
  std::vector<Layer> layers;
  std::string text;
  for (int number = 1; std::getline(stream, text); ++number) {
    text = text.substr(0, text.find('#'));
    if (text.find_first_not_of(" \t\r") == std::string::npos) continue;
    layers.push_back(read_layer({fmt::format("{}:{}", file.string(), number), text}));
  }
  if (layers.empty()) fail_input("{}: has no layer", file.string());
  return layers;
}

}  // namespace sinter::bench
