#pragma once

#include <cstdint>
#include <sinter/execution.hpp>
#include <variant>

namespace sinter {

// Optimizers: PyTorch's, with its names and defaults. `lr` is the learning rate, weight decay the gradient of
// an L2 penalty but for AdamW, which applies it apart.

/// Stochastic gradient descent; Nesterov's momentum: Sutskever et al., ICML 2013.
struct Sgd {
  double lr = 0.1;
  double momentum = 0;
  double weight_decay = 0;
  bool nesterov = false;
};

/// Kingma, Ba, ICLR 2015.
struct Adam {
  double lr = 1e-3;
  double beta1 = 0.9, beta2 = 0.999;  ///< what the averages of gradients and of their squares keep in a step
  double eps = 1e-8;
  double weight_decay = 0;
};

/// Loshchilov, Hutter, ICLR 2019.
struct AdamW {
  double lr = 1e-3;
  double beta1 = 0.9, beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0.01;
};

/// Tieleman, Hinton, 2012.
struct RmsProp {
  double lr = 1e-2;
  double alpha = 0.99;  ///< what the average of squares keeps in a step
  double eps = 1e-8;
  double weight_decay = 0;
  double momentum = 0;
  bool centered = false;  ///< divide by the deviation, not by the root of the mean square
};

enum class Loss {
  cross_entropy,  ///< softmax cross entropy of scores [N, classes] and labels [N]
  mse,            ///< mean squared error
};

/// How the losses of a batch's samples become one.
enum class Reduction { mean, sum };

struct TrainingOptions {
  int64_t batch_size = 32;  ///< samples a step
  std::variant<Sgd, Adam, AdamW, RmsProp> optimizer = Sgd{};
  Loss loss = Loss::cross_entropy;
  Reduction reduction = Reduction::mean;
  double label_smoothing = 0;  ///< of cross_entropy: the share that goes to all classes
  double clip_value = 0;       ///< most that an element of a gradient may be, either way; 0: anything
  double clip_norm = 0;        ///< most that the norm of all gradients together may be; 0: anything
  uint64_t seed = 0;           ///< of dropout, shuffling and augmentation
  ExecutionOptions execution = {};
};

}  // namespace sinter
