#include "tests/ir/golden.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <vector>

namespace sinter {
namespace {

struct Case {
  std::string name = {}, input = {}, expected = {};
};

std::vector<Case> read_cases(const std::string& path) {
  std::ifstream file(path);
  std::vector<Case> cases;
  std::string* section = nullptr;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("==== ")) {
      cases.push_back({.name = line.substr(5)});
      section = &cases.back().input;
    } else if (line == "---- expect") {
      section = &cases.back().expected;
    } else {
      *section += line + "\n";
    }
  }
  return cases;
}

}  // namespace

void check_golden(const std::string& file, const std::function<std::string(const std::string& input)>& run) {
  const auto cases = read_cases(std::string(SINTER_SOURCE_DIR "/tests/ir/") + file);
  ASSERT_FALSE(cases.empty()) << file << " cannot be read or is empty";
  const std::string rewritten = testing::TempDir() + std::filesystem::path(file).filename().string();
  std::ofstream out(rewritten);
  for (const Case& golden : cases) {
    const std::string result = run(golden.input);
    EXPECT_EQ(result, golden.expected)
        << "in case " << golden.name << "; to accept the results copy " << rewritten;
    out << "==== " << golden.name << "\n" << golden.input << "---- expect\n" << result;
  }
}

}  // namespace sinter
