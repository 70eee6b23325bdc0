#include "bench/kernels/shape_files.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <sstream>

#include "ir/error.h"

namespace sinter::bench {
namespace {

std::vector<std::string> names_in(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  for (const auto& file : std::filesystem::directory_iterator(folder))
    if (file.path().extension() == ".txt") names.push_back(file.path().stem());
  std::ranges::sort(names);
  return names;
}

}  // namespace

std::vector<std::filesystem::path> shape_files(const std::filesystem::path& folder,
                                               const std::optional<std::string>& models) {
  const auto known = names_in(folder);
  std::vector<std::string> wanted;
  if (models) {
    std::istringstream list(*models);
    for (std::string name; std::getline(list, name, ',');) wanted.push_back(name);
    if (wanted.empty()) wanted.emplace_back();
    for (const std::string& name : wanted)
      if (std::ranges::find(known, name) == known.end())
        fail_input("--models: \"{}\" is none of {}", name, fmt::join(known, ", "));
    std::ranges::sort(wanted);
  }
  std::vector<std::filesystem::path> files;
  for (const std::string& name : models ? wanted : known) files.push_back(folder / (name + ".txt"));
  return files;
}

}  // namespace sinter::bench
