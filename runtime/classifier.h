#pragma once

#include <map>
#include <memory>
#include <string>

#include "runtime/data/batch_loader.h"
#include "runtime/data/data_set.h"
#include "runtime/session.h"

namespace sinter {

/// How a model's batches are run.
struct ClassifierOptions {
  std::string backend = "auto";
  std::vector<std::string> passes;  ///< the pipeline; it contains append_loss
  PassOptions pass_options = {};    ///< symbols are bound here
  RunOptions run_options = {};
  BackendOptions backend_options = {};
};

/// What a step is told beside its batch, where its program asks for it.
struct StepScalars {
  double lr = 0;
  double share = 1;          ///< of the batch's gradient in the sum that the update sees
  bool last = true;          ///< of the batches that are summed for an update
  uint64_t seed = 0;         ///< of dropout
  int64_t first_sample = 0;  ///< the number of the batch's first sample among all of the training
};

/// What one batch gave.
struct BatchResult {
  double loss = 0;      ///< as reduced: a mean or a sum over the batch
  int64_t correct = 0;  ///< right answers; 0 where there are no classes
};

/// A model with its loss, run on batches of pictures with labels: for each batch size one compiled program
/// and one session, all on the same weights.
class Classifier {
 public:
  /// Throws InputError unless the model has one input f32[N, channels, height, width] with a symbol N and one
  /// result [N, classes] that fit the data.
  Classifier(const Graph& model, const DataSet& data, Weights weights, std::shared_ptr<ThreadPool> pool,
             ClassifierOptions options);
  /// For batches of whatever the model takes. Throws InputError unless the model has one input, whose first
  /// dimension is a symbol, and one result.
  Classifier(const Graph& model, Weights weights, std::shared_ptr<ThreadPool> pool,
             ClassifierOptions options);

  /// Compiles the program for a batch size, if there is none yet.
  void prepare(int64_t batch_size);
  /// Runs a batch whose size was prepared. Allocates nothing.
  BatchResult run(const Batch& batch, const StepScalars& scalars = {});
  /// The model's own result [batch_size, classes] for the last batch of that size. Needs:
  /// pass_options.scores.
  const Tensor& scores(int64_t batch_size) const;

  /// The program of the largest batch size prepared. Needs: one.
  const Executable& executable() const { return programs_.rbegin()->second->session.executable(); }
  /// The program of a prepared batch size, and its inputs of the last run.
  const Executable& executable(int64_t batch_size) const {
    return programs_.at(batch_size)->session.executable();
  }
  /// The programs of all batch sizes prepared.
  std::vector<const Executable*> executables() const;
  std::span<const Tensor> inputs(int64_t batch_size) const { return programs_.at(batch_size)->inputs; }

 private:
  struct Program {
    Session session;
    std::vector<Tensor> inputs;  ///< in the graph's order; images and labels are set for each run
    size_t image, expected;
    std::optional<size_t> lr, share, last, dropout_seed, dropout_sample;
    size_t loss;
    std::optional<size_t> correct, scores;
    bool one_hot;  ///< the program wants a row of class scores, not labels
  };

  const Graph model_;
  Weights weights_;
  std::shared_ptr<ThreadPool> pool_;
  ClassifierOptions options_;
  std::string symbol_;  ///< of the batch dimension
  std::map<int64_t, std::unique_ptr<Program>> programs_;
};

/// Loss and accuracy over many examples.
struct Score {
  double loss = 0;      ///< mean over the examples
  double accuracy = 0;  ///< 0..1
};

/// What a ScoreSum has added up.
struct ScoreTotals {
  double loss = 0;
  int64_t correct = 0, count = 0;
};

/// Adds batches up to a score.
class ScoreSum {
 public:
  /// `mean`: losses are means over their batch, else sums. It goes on from `totals`.
  explicit ScoreSum(bool mean, const ScoreTotals& totals = {})
      : mean_(mean), loss_(totals.loss), correct_(totals.correct), count_(totals.count) {}
  void add(const BatchResult& result, int64_t count) {
    loss_ += mean_ ? result.loss * static_cast<double>(count) : result.loss;
    correct_ += result.correct;
    count_ += count;
  }
  int64_t count() const { return count_; }
  ScoreTotals totals() const { return {loss_, correct_, count_}; }
  Score score() const {
    const double count = static_cast<double>(std::max<int64_t>(count_, 1));
    return {loss_ / count, static_cast<double>(correct_) / count};
  }

 private:
  bool mean_;
  double loss_ = 0;
  int64_t correct_ = 0, count_ = 0;
};

}  // namespace sinter
