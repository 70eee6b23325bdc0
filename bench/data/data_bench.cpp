// Do the loader's threads keep ahead of the training? An epoch of each network, its pictures cropped and
// flipped, from JPEG files that are decoded and resized meanwhile, and from memory; and the loader by itself.
// bench/README.md explains the names.
#include <fmt/format.h>

#include <iostream>
#include <memory>

#include "bench/data/jpeg_files.h"
#include "bench/run_benchmarks.h"
#include "frontends/sinter/embedded_models.h"
#include "frontends/sinter/load.h"
#include "runtime/data/decode_files.h"
#include "runtime/initialize.h"
#include "runtime/trainer.h"

namespace sinter::bench {
namespace {

constexpr int side = 256;   // of a picture in a file
constexpr int files = 128;  // each is decoded several times an epoch

struct Case {
  std::string model;
  std::vector<std::pair<std::string, std::string>> settings;
  int64_t batch_size, channels, size;
  Augmentation augmentation;
  int64_t steps_from_files, steps_from_memory;
};

const Case cases[] = {
    {"resnet18", {{"channels", "3"}}, 16, 3, 96, {.crop_padding = 4, .flip = true}, 24, 24},
    {"lenet_relu", {}, 256, 1, 28, {.crop_padding = 2, .flip = true}, 12, 240},
};

Examples examples_of(const Case& each, const JpegFiles& pictures, int64_t steps) {
  Examples examples{
      .count = steps * each.batch_size, .channels = each.channels, .resize = {each.size, each.size}};
  for (int64_t i = 0; i < examples.count; ++i) {
    examples.files.push_back(pictures.paths()[i % files]);
    examples.labels.push_back(static_cast<uint16_t>(i % 10));
  }
  return examples;
}

DataSet data_of(const Case& each, const JpegFiles& pictures, bool memory, int threads) {
  DataSet data{.name = "jpeg"};
  for (int label = 0; label < 10; ++label) data.classes.push_back(std::to_string(label));
  data.train = examples_of(each, pictures, memory ? each.steps_from_memory : each.steps_from_files);
  if (memory) decode_files(data.train, {.keep = true, .threads = threads});
  data.test = data.train.none();
  return data;
}

// `waited` is the share of the epoch in which no batch was ready.
void train(benchmark::State& state, const Case& each, const JpegFiles& pictures, bool memory, int threads) {
  const Graph model =
      load_model(embedded_model(each.model).value(), each.model, {.arguments = each.settings});
  const DataSet data = data_of(each, pictures, memory, threads);
  const Weights weights(initialize(model, "default", 0));
  Trainer trainer(model, data, weights, std::make_shared<ThreadPool>(threads),
                  {.batch_size = each.batch_size, .lr = 0.01, .augmentation = each.augmentation});
  trainer.run_epoch();  // what is needed for the first time
  double waited = 0, seconds = 0;
  for (auto _ : state) {
    const EpochReport report = trainer.run_epoch();
    state.SetIterationTime(report.seconds);
    waited += report.data_wait_seconds;
    seconds += report.seconds;
  }
  state.SetItemsProcessed(state.iterations() * data.train.count);
  state.counters["waited_%"] = 100 * waited / seconds;
}

void load(benchmark::State& state, const Case& each, const JpegFiles& pictures, int threads) {
  const Examples examples = examples_of(each, pictures, each.steps_from_files);
  BatchLoader loader(examples,
                     {.batch_size = each.batch_size, .augmentation = each.augmentation, .threads = threads});
  for (auto _ : state) {
    loader.start(1);
    while (loader.next() != nullptr) continue;
  }
  state.SetItemsProcessed(state.iterations() * examples.count);
}

void add_all() {
  const auto pictures = std::make_shared<const JpegFiles>(files, side);
  const int cores = usable_cores();
  std::cerr << fmt::format("{} JPEG files of {} x {} pixels, {:.0f} bytes each\n", files, side, side,
                           pictures->mean_bytes());
  for (const Case& each : cases) {
    const std::string shape =
        fmt::format("n{}_c{}_h{}_w{}", each.batch_size, each.channels, each.size, each.size);
    for (int threads = 1; threads <= std::min(cores, 2); ++threads)
      benchmark::RegisterBenchmark(
          fmt::format("load/jpeg_h{}_w{}/{}/t{}", side, side, shape, threads).c_str(),
          [&each, pictures, threads](auto& state) { load(state, each, *pictures, threads); })
          ->UseRealTime()
          ->Unit(benchmark::kMillisecond);
    for (const bool memory : {true, false})
      benchmark::RegisterBenchmark(
          fmt::format("train/{}/auto/f32/{}/{}/t{}", each.model, shape, memory ? "memory" : "jpeg", cores)
              .c_str(),
          [&each, pictures, memory, cores](auto& state) { train(state, each, *pictures, memory, cores); })
          ->UseManualTime()
          ->Unit(benchmark::kMillisecond);
  }
}

}  // namespace
}  // namespace sinter::bench

int main(int argc, char** argv) {
  return sinter::bench::run_benchmarks(argc, argv, {.add = sinter::bench::add_all});
}
