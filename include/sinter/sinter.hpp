#pragma once

/// Sinter as a library: convolutional networks from ONNX, from .sinter files or built in code, compiled for
/// inference and for training on the CPU. docs/embedding.md shows how to use it.
///
///   sinter::InferenceSession session(sinter::Model::load("resnet18.onnx"));
///   session.run(pixels, scores);

#include <sinter/error.hpp>
#include <sinter/fit.hpp>
#include <sinter/image.hpp>
#include <sinter/inference_session.hpp>
#include <sinter/model.hpp>
#include <sinter/model_builder.hpp>
#include <sinter/training_session.hpp>
