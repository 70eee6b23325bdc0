#include <gtest/gtest.h>

#include "ir/text.h"
#include "ir/verify.h"
#include "tests/golden.h"

/// The full text of every kind of error that a graph in text form can meet.
namespace sinter {
namespace {

std::string verdict(const GoldenCase& golden) {
  try {
    verify_or_fail(parse(golden.input, "case.ir"), "case.ir");
  } catch (const InputError& error) {
    return std::string(error.what()) + "\n";
  }
  return "valid\n";
}

TEST(Errors, Parse) { check_golden("ir/errors/parse.txt", verdict); }
TEST(Errors, Attributes) { check_golden("ir/errors/attributes.txt", verdict); }
TEST(Errors, Inference) { check_golden("ir/errors/inference.txt", verdict); }

}  // namespace
}  // namespace sinter
