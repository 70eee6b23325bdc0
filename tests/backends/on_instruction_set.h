#pragma once

#include <gtest/gtest.h>

#include "backends/jit/jit.h"
#include "ir/error.h"

namespace sinter {

/// With a jit backend for an instruction set; skipped where this CPU has not got it.
class OnInstructionSet : public testing::TestWithParam<InstructionSet> {
 protected:
  void SetUp() override {
    try {
      backend_ = make_jit_backend({.instruction_set = GetParam()});
    } catch (const InputError& error) {
      GTEST_SKIP() << error.what();
    }
  }

  std::unique_ptr<Backend> backend_;
};

}  // namespace sinter
