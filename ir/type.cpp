#include "ir/type.h"

namespace sinter {

std::string to_string(const Type& type) {
  std::string text = fmt::format("{}{}", to_string(type.dtype), to_string(type.shape));
  if (!type.layout.is_plain()) text += fmt::format("{{{}}}", type.layout.tag());
  return text;
}

}  // namespace sinter
