#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "frontends/onnx/export.h"
#include "frontends/onnx/export_table.h"
#include "frontends/onnx/import.h"
#include "frontends/onnx/read_model.h"
#include "frontends/onnx/write_model.h"
#include "frontends/sinter/embedded_models.h"
#include "frontends/sinter/load.h"
#include "ir/interpreter.h"
#include "ir/text.h"
#include "ir/verify.h"
#include "tests/frontends/onnx/model_file.h"
#include "tests/random/random_ops.h"
#include "tests/runtime/temporary_folder.h"

/// A graph that is written and read again. ONNX's own checker sees each file.
namespace sinter {
namespace {

using NamedWeights = std::map<std::string, Tensor, std::less<>>;

NamedWeights zeros_for(const Graph& graph) {
  NamedWeights weights;
  for (const auto ids : {graph.parameters(), graph.states()})
    for (const ValueId id : ids)
      weights.emplace(graph.info(id).name, Tensor(graph.type(id).dtype, sizes(graph.type(id).shape)));
  return weights;
}

std::string bytes_of(const onnx::Model& model) {
  std::string bytes;
  onnx::write_model(model, [&](std::span<const std::byte> part) {
    bytes.append(reinterpret_cast<const char*>(part.data()), part.size());
  });
  return bytes;
}

// Through a file.
onnx::ImportedModel read_again(const Graph& graph, const NamedWeights& weights) {
  const TemporaryFolder folder;
  const auto path = folder.file("m.onnx", bytes_of(onnx::export_model(graph, weights)));
  auto imported = onnx::import_model(onnx::read_model(path));
  verify_or_fail(imported.graph, "m.onnx");
  return imported;
}

std::string printed(const Graph& graph) {
  std::vector<std::byte> sidecar;
  std::string text = print(graph, &sidecar);
  return text.append(reinterpret_cast<const char*>(sidecar.data()), sidecar.size());
}

TEST(OnnxExport, ModelsAreReadAgainAsTheSameGraphs) {
  for (const std::string_view name : embedded_model_names()) {
    const Graph described = load_model(std::string(*embedded_model(name)), std::string(name) + ".sinter");
    const auto first = onnx::import_model(onnx::export_model(described, zeros_for(described)));
    const auto second = onnx::import_model(onnx::export_model(first.graph, first.weights));
    EXPECT_EQ(printed(first.graph), printed(second.graph)) << name;
    const auto names = [](const Graph& graph, std::span<const ValueId> ids) {
      std::vector<std::string> found;
      for (const ValueId id : ids) found.push_back(graph.info(id).name);
      return found;
    };
    EXPECT_EQ(names(first.graph, first.graph.parameters()), names(described, described.parameters())) << name;
    EXPECT_EQ(names(first.graph, first.graph.states()), names(described, described.states())) << name;
    EXPECT_LE(first.graph.nodes().size(), described.nodes().size()) << name;
  }
}

// What is written of a model that was read is read as that model.
TEST(OnnxExport, ImportedFilesAreReadAgainAsTheSameGraphs) {
  constexpr size_t largest_file = 2 << 20;
  const char* folder = std::getenv("SINTER_ONNX");
  if (folder == nullptr) GTEST_SKIP() << "SINTER_ONNX names no folder";
  int same = 0;
  std::string others;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".onnx" || entry.file_size() > largest_file) continue;
    std::optional<onnx::ImportedModel> first;
    try {
      first = onnx::import_model(onnx::read_model(entry.path()));
    } catch (const InputError&) {
      continue;  // needs what a test case feeds it, or is not supported
    }
    const std::string name = entry.path().parent_path().filename().string();
    try {
      const auto second = read_again(first->graph, first->weights);
      const bool equal = printed(first->graph) == printed(second.graph);
      // Two ops of training: ONNX's own would compute running statistics, or count indices over all of x.
      const bool composed = name.ends_with("_training_mode") || name.starts_with("test_maxpool_with_argmax");
      if (equal)
        ++same;
      else if (composed)
        EXPECT_LT(first->graph.nodes().size(), second.graph.nodes().size()) << name;
      else
        others += name + " ";
    } catch (const Error& error) {
      others += fmt::format("{} ({}) ", name, error.what());
    }
  }
  EXPECT_EQ(others, "");
  EXPECT_GT(same, 270);
}

bool is_close(const Tensor& a, const Tensor& b, std::string& where) {
  if (a.type() != b.type()) {
    where = to_string(a.type()) + " and " + to_string(b.type());
    return false;
  }
  for (int64_t i = 0; i < a.count(); ++i) {
    const double x = a.at(i), y = b.at(i);
    const bool same = x == y || (std::isnan(x) && std::isnan(y));
    if (same || std::abs(x - y) <= 1e-5 * std::abs(x) + 1e-6) continue;
    where = fmt::format("element {}: {} and {}", i, x, y);
    return false;
  }
  return true;
}

// Ops that stand in no forward graph.
constexpr std::array refused = {OpKind::conv2d_backward_weights,
                                OpKind::max_pool2d_backward,
                                OpKind::avg_pool2d_backward,
                                OpKind::batch_norm_backward,
                                OpKind::dropout_mask,
                                OpKind::reorder,
                                OpKind::pad_backward,
                                OpKind::resize_backward,
                                OpKind::softmax_cross_entropy_backward,
                                OpKind::sgd_update,
                                OpKind::adam_update,
                                OpKind::rmsprop_update,
                                OpKind::fusion,
                                OpKind::slab_loop};

TEST(OnnxExport, EveryOpOfAForwardGraphIsWritten) {
  for (const OpDef& op : op_table())
    EXPECT_EQ(onnx::find_export(op.kind) == nullptr, std::ranges::count(refused, op.kind) == 1) << op.name;
}

// Of any op, with any attributes, operands and types: what is read again computes the same.
TEST(OnnxExport, EveryOpKeepsItsMeaning) {
  constexpr int instances = 25;
  for (const OpDef& op : op_table()) {
    const auto* rule = onnx::find_export(op.kind);
    if (rule == nullptr) continue;
    RandomEngine random(static_cast<uint64_t>(op.kind));
    int written = 0;
    for (int i = 0; i < instances; ++i) {
      const auto instance = random_instance(op, random);
      if (!instance) continue;
      Graph graph = graph_of(*instance);
      Bindings bindings;
      for (const auto& operand : random_operands(*instance, random))
        if (operand) bindings.inputs.push_back(*operand);
      SCOPED_TRACE(to_string(*instance));
      std::optional<onnx::Model> model;
      try {
        model = onnx::export_model(graph, {});
      } catch (const InputError&) {
        continue;  // the op has attributes that ONNX has no word for
      }
      for (const onnx::ModelNode& node : model->nodes)
        EXPECT_TRUE(std::ranges::count(rule->as, node.op) == 1 || node.op == "Identity") << node.op;
      try {
        const Graph read = read_again(graph, {}).graph;
        const auto expected = interpret(graph, bindings), found = interpret(read, bindings);
        for (size_t k = 0; k < expected.size(); ++k) {
          std::string where;
          EXPECT_TRUE(is_close(expected[k], found[k], where)) << "result " << k << ", " << where;
        }
      } catch (const Error& error) {
        ADD_FAILURE() << error.what();
      }
      ++written;
    }
    EXPECT_GT(written, 3) << op.name;
  }
}

std::string error_of(const Graph& graph, const NamedWeights& weights = {}) {
  try {
    onnx::export_model(graph, weights);
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

TEST(OnnxExport, ErrorsNameNodeAndOp) {
  EXPECT_EQ(error_of(parse("graph g(%x: f32[2, 4]) -> (f32[2, 4]) {\n"
                           "  %1 = reorder(%x) : f32[2, 4]  @ \"first\"\n"
                           "  return %1\n}\n")),
            "model \"g\" as ONNX: node \"first\" (reorder, node 1): it has no form in ONNX for inference");
  EXPECT_EQ(
      error_of(parse("graph g(%x: f32[2, 4], %labels: i64[2]) -> (f32[]) {\n"
                     "  %1 = softmax_cross_entropy(%x, %labels) {label_smoothing = 0.5} : f32[]\n"
                     "  return %1\n}\n")),
      "model \"g\" as ONNX: node \"\" (softmax_cross_entropy, node 1): label_smoothing, which ONNX's loss "
      "does not have");
  EXPECT_EQ(error_of(parse("graph g(%x: f32[H, W]) -> (f32[H, W]) {\n"
                           "  param %w: f32[1]\n"
                           "  %1 = mul(%x, %w) : f32[H, W]\n"
                           "  return %1\n}\n")),
            "model \"g\" as ONNX: no weights for \"w\", f32[1]");
  EXPECT_EQ(error_of(parse("graph g(%x: f32[2]) -> (f32[2]) {\n"
                           "  param %w: f32[2]\n"
                           "  %1 = mul(%x, %w) : f32[2]\n"
                           "  return %1\n}\n"),
                     {{"w", Tensor(DType::f32, {3})}}),
            "model \"g\" as ONNX: weights for \"w\" are f32[3]; the model has f32[2] there");
  EXPECT_EQ(
      error_of(parse("graph g(%x: f32[2]) -> (w_new: f32[2]) {\n"
                     "  param %w: f32[2]\n"
                     "  %1 = mul(%x, %w) : f32[2]\n"
                     "  return %1 into %w\n}\n"),
               {{"w", Tensor(DType::f32, {2})}}),
      "model \"g\" as ONNX: result \"w_new\" replaces \"w\", as in a training step; expected a model for "
      "inference");
}

// Inputs, weights and constants may be results, values several results, and names meet.
TEST(OnnxExport, NamesOfResultsAreKept) {
  const Graph graph = parse(
      "graph g(%x: f32[2]) -> (x: f32[2], y: f32[2], z: f32[2], w_too: f32[2], one: f32[1]) {\n"
      "  param %w: f32[2]\n"
      "  const %1: f32[1] = [1]\n"
      "  %2 = mul(%x, %w) : f32[2]  @ \"z\"\n"
      "  %3 = mul(%2, %w) : f32[2]  @ \"x\"\n"
      "  %4 = add(%2, %3) : f32[2]\n"
      "  return %x, %4, %4, %w, %1\n}\n");
  const auto read = read_again(graph, {{"w", Tensor::of<float>({2}, {3, 4})}});
  EXPECT_EQ(print(read.graph),
            "graph g(%x: f32[2]) -> (x: f32[2], y: f32[2], z: f32[2], w_too: f32[2], one: f32[1]) {\n"
            "  param %w: f32[2]\n"
            "  const %1: f32[1] = [1]\n"
            "  %2 = mul(%x, %w) : f32[2]  @ \"z\"\n"
            "  %3 = mul(%2, %w) : f32[2]  @ \"x\"\n"
            "  %4 = add(%2, %3) : f32[2]  @ \"y\"\n"
            "  return %x, %4, %4, %w, %1\n"
            "}\n");
  EXPECT_EQ(read.weights.at("w"), Tensor::of<float>({2}, {3, 4}));
}

TEST(OnnxExport, AFailingDiskEndsTheWriting) {
  const Graph graph = parse("graph g(%x: f32[2]) -> (f32[2]) {\n  %1 = relu(%x) : f32[2]\n  return %1\n}\n");
  const auto model = onnx::export_model(graph, {});
  EXPECT_THROW(onnx::write_model(model, [](std::span<const std::byte>) { fail("disk full"); }), Error);
}

}  // namespace
}  // namespace sinter
