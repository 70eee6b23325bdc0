#include "backends/jit/llvm_failure.h"

#include <gtest/gtest.h>
#include <llvm/Support/ErrorHandling.h>

#include <stdexcept>
#include <thread>

namespace sinter::jit {
namespace {

// LLVM copies the message, and the copy is lost with all else: only short ones are no leak.
TEST(LlvmFailure, IsGivenInsteadOfTheProcesssEnd) {
  EXPECT_EQ(failure_of([] { llvm::report_fatal_error("cannot select"); }), "cannot select");
  EXPECT_EQ(failure_of([] {}), std::nullopt);
  EXPECT_EQ(failure_of([] { llvm::report_fatal_error("again"); }), "again");
}

TEST(LlvmFailure, IsTheThreadsOwn) {
  std::thread other([] { EXPECT_EQ(failure_of([] { llvm::report_fatal_error("there"); }), "there"); });
  EXPECT_EQ(failure_of([] { llvm::report_fatal_error("here"); }), "here");
  other.join();
}

TEST(LlvmFailure, ExceptionsPass) {
  EXPECT_THROW(failure_of([] { throw std::runtime_error("ours"); }), std::runtime_error);
  EXPECT_EQ(failure_of([] {}), std::nullopt);
}

TEST(LlvmFailureDeathTest, OutsideOfOurWorkLlvmEndsTheProcess) {
  EXPECT_DEATH(
      {
        failure_of([] {});
        llvm::report_fatal_error("elsewhere");
      },
      "");
}

}  // namespace
}  // namespace sinter::jit
