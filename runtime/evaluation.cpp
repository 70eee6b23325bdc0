#include "runtime/evaluation.h"

#include <algorithm>
#include <cmath>

namespace sinter {
namespace {

// Whether class a is ranked before class b.
bool comes_before(std::span<const float> scores, int64_t a, int64_t b) {
  const bool a_is_nan = std::isnan(scores[a]), b_is_nan = std::isnan(scores[b]);
  if (a_is_nan != b_is_nan) return a_is_nan;
  if (!a_is_nan && scores[a] != scores[b]) return scores[a] > scores[b];
  return a < b;
}

int64_t first_of(std::span<const float> scores) {
  int64_t first = 0;
  for (int64_t c = 1; c < std::ssize(scores); ++c)
    if (comes_before(scores, c, first)) first = c;
  return first;
}

}  // namespace

int64_t rank_of(std::span<const float> scores, int64_t label) {
  int64_t before = 0;
  for (int64_t c = 0; c < std::ssize(scores); ++c) before += comes_before(scores, c, label) ? 1 : 0;
  return before;
}

ClassifierOptions evaluation_options(const std::string& backend, const PassOptions& pass_options,
                                     const RunOptions& run_options, const BackendOptions& backend_options) {
  auto passes = inference_passes();
  passes.insert(passes.begin() + 1, "append_loss");  // after bind_symbols, before what cleans up
  PassOptions with_scores = pass_options;
  with_scores.scores = true;
  return {backend, std::move(passes), with_scores, run_options, backend_options};
}

void prepare_for(Classifier& classifier, const BatchLoader& loader, int64_t batch_size) {
  if (loader.full_batches() > 0) classifier.prepare(batch_size);
  if (loader.remainder() > 0) classifier.prepare(loader.remainder());
}

TestScore evaluate(Classifier& classifier, BatchLoader& loader, bool mean_loss, const GoesOn& goes_on) {
  constexpr int64_t near = 5;
  TestScore result;
  ScoreSum sum(mean_loss);
  int64_t among_first = 0;
  loader.start(0);
  while (const Batch* batch = loader.next()) {
    if (goes_on && !goes_on()) break;
    sum.add(classifier.run(*batch), batch->count);
    const Tensor& scores = classifier.scores(batch->count);
    const int64_t classes = scores.shape()[1];
    if (result.confusion.classes() == 0) result.confusion = ConfusionMatrix(classes);
    for (int64_t i = 0; i < batch->count; ++i) {
      const auto row = scores.values<float>().subspan(i * classes, classes);
      const int64_t label = batch->labels.values<int64_t>()[i];
      result.confusion.add(label, first_of(row));
      among_first += rank_of(row, label) < near ? 1 : 0;
    }
  }
  static_cast<Score&>(result) = sum.score();
  result.top5 = static_cast<double>(among_first) / static_cast<double>(std::max<int64_t>(sum.count(), 1));
  return result;
}

}  // namespace sinter
