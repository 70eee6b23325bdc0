#include <gtest/gtest.h>

#include "ir/text.h"
#include "ir/verify.h"
#include "tests/ir/golden.h"

/// The full text of every kind of error that a graph in text form can meet.
namespace sinter {
namespace {

std::string verdict(const std::string& text) {
  try {
    verify_or_fail(parse(text, "case.ir"), "case.ir");
  } catch (const InputError& error) {
    return std::string(error.what()) + "\n";
  }
  return "valid\n";
}

TEST(Errors, Parse) { check_golden("errors/parse.txt", verdict); }
TEST(Errors, Attributes) { check_golden("errors/attributes.txt", verdict); }
TEST(Errors, Inference) { check_golden("errors/inference.txt", verdict); }

}  // namespace
}  // namespace sinter
