// Fine-tunes an ONNX model on pictures of one's own, a folder a class:
//   embed_training MODEL.onnx PICTURES TUNED.onnx
#include <cstdio>
#include <filesystem>
#include <set>
#include <sinter/sinter.hpp>

int main(int argc, char** argv) try {
  if (argc != 4) {
    std::fprintf(stderr, "usage: embed_training MODEL.onnx PICTURES TUNED.onnx\n");
    return 2;
  }
  sinter::Model model = sinter::Model::load(argv[1]);

  namespace fs = std::filesystem;
  std::vector<float> images;
  std::vector<int64_t> labels;
  const std::set<fs::path> classes(fs::directory_iterator{argv[2]}, fs::directory_iterator{});
  for (int64_t label = 0; const fs::path& folder : classes) {
    for (const fs::path& file : fs::directory_iterator(folder)) {
      const std::vector<float> image = sinter::load_image(file, model.inputs()[0]);
      images.insert(images.end(), image.begin(), image.end());
      labels.push_back(label);
    }
    ++label;
  }

  const auto print = [](const sinter::EpochMetrics& epoch) {
    std::printf("epoch %2d  loss %.4f  accuracy %.4f\n", static_cast<int>(epoch.epoch), epoch.loss,
                epoch.accuracy);
  };
  sinter::fit(model, {images, labels}, {.batch_size = 16, .optimizer = sinter::Adam{.lr = 1e-3}},
              {.epochs = 5, .on_epoch = print});
  model.save(argv[3]);
  std::printf("saved %s\n", argv[3]);
} catch (const std::exception& error) {
  std::fprintf(stderr, "embed_training: %s\n", error.what());
  return 1;
}
