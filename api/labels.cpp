#include "api/labels.h"

#include "ir/dtype.h"

namespace sinter {

void read_labels(const InputView& view, int64_t classes, std::span<int64_t> labels) {
  if (!is_integer(view.dtype()) || view.count() != std::ssize(labels))
    fail_input("labels: found {} elements of {}; expected {} integers, one for each sample", view.count(),
               to_string(view.dtype()), labels.size());
  dispatch_numeric(view.dtype(), [&]<typename T>() {
    const auto* given = static_cast<const T*>(view.data());
    for (size_t i = 0; i < labels.size(); ++i) {
      labels[i] = static_cast<int64_t>(given[i]);
      if (labels[i] < 0 || labels[i] >= classes)
        fail_input("labels: element {} is {}; expected 0 to {}, the model's classes", i, labels[i],
                   classes - 1);
    }
  });
}

}  // namespace sinter
