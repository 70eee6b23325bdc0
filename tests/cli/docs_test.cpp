#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "tests/cli/program.h"
#include "tests/source_path.h"

namespace sinter {
namespace {

constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz";

// What the documentation tells its readers to type: each from `sinter` to the end of its line or its code,
// with the lines that it goes on in.
std::vector<std::string> commands_in(const std::string& text) {
  std::vector<std::string> commands;
  const std::string program = "sinter ";
  for (size_t at = text.find(program); at != std::string::npos; at = text.find(program, at + 1)) {
    const bool begins = at == 0 || text[at - 1] == '`' || text[at - 1] == '\n';
    if (!begins) continue;
    size_t end = text.find_first_of("`\n", at);
    while (end != std::string::npos && text[end] == '\n' && text[end - 1] == '\\')
      end = text.find_first_of("`\n", end + 1);
    commands.push_back(text.substr(at + program.size(), end - at - program.size()));
  }
  return commands;
}

std::string word_at(const std::string& text, size_t at, std::string_view characters) {
  return text.substr(at, text.find_first_not_of(characters, at) - at);
}

std::set<std::string> options_in(const std::string& text) {
  static const std::string characters = std::string(letters) + "0123456789-";
  std::set<std::string> options;
  for (size_t at = text.find(" --"); at != std::string::npos; at = text.find(" --", at + 1))
    options.insert(word_at(text, at + 1, characters));
  return options;
}

// The options of a command by what it says of them itself, those of every command among them.
const std::set<std::string>& options_of(const std::string& command) {
  static std::map<std::string, std::set<std::string>> known;
  const auto [entry, fresh] = known.try_emplace(command);
  if (fresh) {
    std::string help = run_program({command, "--help"}).out + run_program({"--help"}).out;
    std::ranges::replace_if(
        help, [](char c) { return c == ',' || c == '\n'; }, ' ');
    entry->second = options_in(help);
  }
  return entry->second;
}

std::vector<std::filesystem::path> pages() {
  std::vector<std::filesystem::path> pages = {source_path("README.md")};
  for (const std::string_view folder :
       {"docs", "models", "bench", "backends", "runtime", "passes", "examples"})
    for (const auto& entry : std::filesystem::directory_iterator(source_path(folder)))
      if (entry.path().extension() == ".md") pages.push_back(entry.path());
  return pages;
}

TEST(Docs, NameCommandsAndOptionsThatThereAre) {
  int commands = 0;
  for (const auto& page : pages())
    for (const std::string& line : commands_in(content_of(page))) {
      const std::string command = word_at(line, 0, letters);
      if (command.empty()) continue;  // sinter COMMAND --help
      ++commands;
      for (const std::string& option : options_in(" " + line))
        EXPECT_TRUE(options_of(command).contains(option)) << page << ": sinter " << line << ": " << option;
    }
  EXPECT_GT(commands, 40);
}

}  // namespace
}  // namespace sinter
