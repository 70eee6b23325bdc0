#include <gtest/gtest.h>

#include "frontends/sinter/load.h"
#include "tests/golden.h"

namespace sinter {
namespace {

std::string error_of(const GoldenCase& golden) {
  try {
    load_model(golden.input, "m.sinter", {golden.settings});
  } catch (const InputError& error) {
    return std::string(error.what()) + "\n";
  }
  return "no error\n";
}

TEST(ModelErrors, SayWhereWhatWasExpectedAndWhatWasFound) { check_golden("frontends/errors.txt", error_of); }

}  // namespace
}  // namespace sinter
