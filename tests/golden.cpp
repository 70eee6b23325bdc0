#include "tests/golden.h"
#include "tests/source_path.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace sinter {
namespace {

std::vector<GoldenCase> read_cases(const std::string& path) {
  std::ifstream file(path);
  std::vector<GoldenCase> cases;
  std::string* section = nullptr;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("==== ")) {
      cases.push_back({.name = line.substr(5), .input = {}, .settings = {}, .expected = {}});
      section = &cases.back().input;
    } else if (line.starts_with("---- set ")) {
      const size_t equals = line.find('=');
      cases.back().settings.emplace_back(line.substr(9, equals - 9), line.substr(equals + 1));
    } else if (line == "---- expect") {
      section = &cases.back().expected;
    } else {
      *section += line + "\n";
    }
  }
  return cases;
}

void write_case(std::ostream& out, const GoldenCase& golden, const std::string& result) {
  out << "==== " << golden.name << "\n" << golden.input;
  for (const auto& [name, value] : golden.settings) out << "---- set " << name << "=" << value << "\n";
  out << "---- expect\n" << result;
}

}  // namespace

void check_golden(const std::string& file, const std::function<std::string(const GoldenCase&)>& run) {
  const auto cases = read_cases(source_path("tests/" + file).string());
  ASSERT_FALSE(cases.empty()) << file << " cannot be read or is empty";
  const std::string rewritten = testing::TempDir() + std::filesystem::path(file).filename().string();
  std::ofstream out(rewritten);
  bool same = true;
  for (const GoldenCase& golden : cases) {
    const std::string result = run(golden);
    EXPECT_EQ(result, golden.expected) << "in case " << golden.name;
    same = same && result == golden.expected;
    write_case(out, golden, result);
  }
  EXPECT_TRUE(same) << "to accept these results copy " << rewritten;
}

}  // namespace sinter
