// Names what a picture shows, the five likeliest classes first:
//   embed_inference MODEL.onnx PICTURE.png [CLASSES.txt]      CLASSES.txt has a name a line
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <numeric>
#include <sinter/sinter.hpp>
#include <string>
#include <vector>

int main(int argc, char** argv) try {
  if (argc < 3) {
    std::fprintf(stderr, "usage: embed_inference MODEL.onnx PICTURE.png [CLASSES.txt]\n");
    return 2;
  }
  sinter::InferenceSession session(sinter::Model::load(argv[1]));
  const std::vector<float> picture = sinter::load_image(argv[2], session.inputs()[0]);
  std::vector<float> scores(session.outputs()[0].count());
  session.run(picture, scores);

  std::vector<std::string> names;
  std::ifstream lines(argc > 3 ? argv[3] : "");
  for (std::string line; std::getline(lines, line);) names.push_back(line);

  double sum = 0;  // of the softmax
  for (const float score : scores) sum += std::exp(score);
  std::vector<size_t> classes(scores.size());
  std::iota(classes.begin(), classes.end(), 0);
  std::ranges::stable_sort(classes, std::greater{}, [&](size_t i) { return scores[i]; });
  classes.resize(std::min<size_t>(5, classes.size()));
  for (const size_t i : classes)
    std::printf("%-20s %.4f\n", i < names.size() ? names[i].c_str() : std::to_string(i).c_str(),
                std::exp(scores[i]) / sum);
} catch (const sinter::Error& error) {
  std::fprintf(stderr, "embed_inference: %s\n", error.what());
  return 1;
}
