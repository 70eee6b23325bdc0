#include "backends/jit/engine.h"

#include <gtest/gtest.h>

#include <map>
#include <mutex>
#include <thread>

#include "backends/jit/code_generator.h"
#include "backends/jit/compiled_node.h"
#include "backends/jit/kernel_builder.h"
#include "backends/jit/kernel_key.h"
#include "backends/jit/machine_code.h"
#include "ir/graph.h"

namespace sinter::jit {
namespace {

/// Keeps kernels in memory and counts.
class Memory final : public KernelStore {
 public:
  std::optional<std::vector<std::byte>> find(std::string_view key) override {
    const std::lock_guard lock(mutex_);
    const auto found = objects.find(std::string(key));
    return found == objects.end() ? std::nullopt : std::optional(found->second);
  }
  void keep(std::string_view key, std::span<const std::byte> bytes) override {
    const std::lock_guard lock(mutex_);
    objects[std::string(key)] = {bytes.begin(), bytes.end()};
    ++kept;
  }
  std::optional<std::string> keep_refused(std::string_view name, std::string_view text) override {
    refused_name = name;
    refused_text = text;
    return "/kept/here.txt";
  }

  std::map<std::string, std::vector<std::byte>> objects;
  int kept = 0;
  std::string refused_name, refused_text;

 private:
  std::mutex mutex_;
};

constexpr int64_t length = 64;

/// y = factor * x; broken: it reads one element too many.
Kernel scaled(double factor, bool broken = false) {
  KernelBuilder k("scaled");
  const Type type{DType::f32, {length}, {}};
  const BufferId x = k.argument("x", type, 0), y = k.argument("y", type, 1);
  const Index at = 16 * k.parallel({{"block", length / 16}})[0];
  k.store({.buffer = y, .index = at},
          k.load({.buffer = x, .index = at + (broken ? 1 : 0)}, true) * k.number(DType::f32, factor, true));
  return k.finish();
}

// What a function makes of 1 at its last place.
float last_of(Engine::Function function) {
  alignas(64) float x[length] = {}, y[length] = {};
  x[length - 1] = 1;
  void* buffers[] = {x, y, nullptr};
  function(buffers, nullptr, 0, length / 16);
  return y[length - 1];
}

struct EngineTest : testing::Test {
  const CpuTarget cpu = cpu_target(InstructionSet::host);
  std::shared_ptr<Memory> store = std::make_shared<Memory>();
  std::string key(double factor) const { return key_of(scaled(factor), cpu); }
  float run(double factor) const { return last_of(Engine(cpu, {.store = store}).compile(scaled(factor))); }
};

TEST_F(EngineTest, KeepsWhatItCompiledAndTakesItTheNextTime) {
  Engine first(cpu, {.store = store});
  EXPECT_EQ(last_of(first.compile(scaled(3))), 3);
  EXPECT_EQ(store->kept, 1);
  Engine second(cpu, {.store = store});
  EXPECT_EQ(last_of(second.compile(scaled(3))), 3);
  EXPECT_EQ(store->kept, 1);
  EXPECT_EQ(last_of(second.compile(scaled(4))), 4);
  EXPECT_EQ(store->kept, 2);
}

// The code of another factor stands for any that is found under a key: it is run, so nothing was compiled.
TEST_F(EngineTest, RunsTheStoresCode) {
  const std::string symbol = symbol_of(scaled(3), key(3));
  store->objects[key(3)] = make_code_generator(cpu)->object(scaled(5), symbol);
  Engine engine(cpu, {.store = store});
  EXPECT_EQ(last_of(engine.compile(scaled(3))), 5);
}

TEST_F(EngineTest, MakesAnewWhatCannotBeLoaded) {
  run(3);
  const auto object = store->objects.at(key(3));
  auto other_machine = object, short_one = object;
  other_machine[18] = std::byte{183};  // AArch64
  short_one.resize(object.size() / 2);
  const std::vector<std::byte> words(100, std::byte{'x'});
  for (const auto& damaged : {other_machine, short_one, words, std::vector<std::byte>()}) {
    store->objects[key(3)] = damaged;
    store->kept = 0;
    Engine engine(cpu, {.store = store});
    EXPECT_EQ(last_of(engine.compile(scaled(3))), 3);
    EXPECT_EQ(store->kept, 1);
    EXPECT_EQ(store->objects.at(key(3)), object);
  }
}

TEST_F(EngineTest, KeysTellVersionsCpusAndKernelsApart) {
  EXPECT_NE(key(3).find(fmt::format("LLVM {}", llvm_version())), std::string::npos);
  EXPECT_EQ(key(3).find("sinter "), 0U);
  EXPECT_NE(key(3).find(cpu.identity), std::string::npos);
  EXPECT_NE(key(3), key(4));
  EXPECT_NE(key(3), key_of(scaled(3), cpu_target(InstructionSet::baseline)));
  Kernel other_scratch = scaled(3);
  other_scratch.scratch_argument = 7;
  EXPECT_NE(key(3), key_of(other_scratch, cpu));
}

TEST_F(EngineTest, CompilesStartedKernelsOnceOnAnyThreads) {
  Engine engine(cpu, {.store = store});
  for (int round = 0; round < 2; ++round)
    for (int factor = 1; factor <= 8; ++factor) engine.start(scaled(factor));
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int factor = 1; factor <= 8; ++factor)
        EXPECT_EQ(last_of(engine.compile(scaled(factor))), static_cast<float>(factor));
    });
  threads.clear();
  EXPECT_EQ(store->kept, 8);
}

TEST_F(EngineTest, EndsWithKernelsStillWaiting) {
  Engine engine(cpu, {.store = store});
  for (int factor = 1; factor <= 8; ++factor) engine.start(scaled(factor));
}

template <typename F>
std::string message_of(F&& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

const std::string broken_text = R"(kernel scaled(x: f32[64] = buffers[0], y: f32[64] = buffers[1]) {
  parallel block in 0..4 {
    y[16*block : 16] = (x[16*block + 1 : 16] * 2)
  }
}
)";

TEST_F(EngineTest, ARefusedKernelIsKeptAndItsNodeNamed) {
  Graph graph;
  const Type type{DType::f32, {length}, {}};
  graph.input("x", type);
  graph.add_result(graph.append_typed(
      {OpKind::relu, Attributes(OpKind::relu), {graph.inputs()[0]}, {}, "features.1"}, {{type}})[0]);
  const auto engine = std::make_shared<Engine>(cpu, EngineOptions{.store = store});
  const Lowered lowered{{scaled(1), scaled(2, true)}, 0};
  const std::string message = message_of([&] { compile_lowered(graph, 0, lowered, engine); });
  EXPECT_EQ(message.find("node 0 (relu, \"features.1\"): kernel scaled is refused: internal error at "), 0U)
      << message;
  EXPECT_NE(message.find("x is accessed after its end"), std::string::npos) << message;
  EXPECT_NE(message.find("; its text is in /kept/here.txt"), std::string::npos) << message;
  EXPECT_EQ(store->refused_name.find("sinter_scaled_"), 0U);
  EXPECT_EQ(store->refused_text.substr(store->refused_text.find('\n') + 1), broken_text);
  EXPECT_EQ(store->refused_text[0], '#');
  EXPECT_EQ(store->objects.count(key_of(scaled(2, true), cpu)), 0U);
}

TEST_F(EngineTest, ARefusedKernelIsPrintedWhereNothingIsKept) {
  Engine engine(cpu);
  const std::string message = message_of([&] { engine.compile(scaled(2, true)); });
  EXPECT_TRUE(message.ends_with("its text is\n" + broken_text)) << message;
}

// Whatever bytes an object has, it is loaded or refused: nothing is read or written outside of it.
TEST_F(EngineTest, LoadingDamagedObjectsEndsInAnError) {
  run(3);
  const std::string symbol = symbol_of(scaled(3), key(3));
  const auto object = store->objects.at(key(3));
  EXPECT_NO_THROW(MachineCode(object, symbol));
  for (size_t bytes = 0; bytes < object.size(); ++bytes)
    EXPECT_THROW(MachineCode(std::span(object).first(bytes), symbol), Error) << bytes;
  int refused = 0;
  for (size_t i = 0; i < object.size(); ++i) {
    for (const int flip : {0x01, 0x80, 0xff}) {
      auto damaged = object;
      damaged[i] ^= static_cast<std::byte>(flip);
      try {
        MachineCode(damaged, symbol);
      } catch (const Error&) {
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 50);
}

TEST_F(EngineTest, LoadingSaysWhatItMisses) {
  run(3);
  const auto object = store->objects.at(key(3));
  EXPECT_EQ(message_of([&] { MachineCode(object, "sinter_other"); }),
            "object file: there is no function \"sinter_other\" in it");
  EXPECT_EQ(message_of([&] { MachineCode({}, "f"); }), "object file: it ends early");
}

}  // namespace
}  // namespace sinter::jit
