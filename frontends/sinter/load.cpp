#include "frontends/sinter/load.h"

#include "frontends/sinter/elaborate.h"
#include "frontends/sinter/parser.h"

namespace sinter {

Graph load_model(std::string_view text, std::string_view file, const ModelOptions& options) {
  const language::Source source(text, file);
  return language::elaborate(language::parse_file(source), source, options.arguments);
}

}  // namespace sinter
