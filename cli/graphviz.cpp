#include "cli/graphviz.h"

#include <span>

#include "cli/filter_program.h"
#include "ir/error.h"
#include "runtime/files/atomic_file.h"

namespace sinter::cli {

void check_drawing_name(const std::filesystem::path& path) {
  const auto ending = path.extension();
  if (ending != ".svg" && ending != ".png" && ending != ".dot")
    fail_input("cannot draw \"{}\": expected a file name that ends in .svg, .png or .dot", path.string());
}

void write_drawing(const std::string& dot, const std::filesystem::path& path) {
  check_drawing_name(path);
  const std::string format = path.extension().string().substr(1);
  const std::string content =
      format == "dot"
          ? dot
          : filtered(
                {"dot", {"-T" + format}, "install the package graphviz, or write the drawing as FILE.dot"},
                dot, path);
  write_file(path, std::as_bytes(std::span(content)));
}

}  // namespace sinter::cli
