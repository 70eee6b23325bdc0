#include <gtest/gtest.h>

#include "backends/onednn/onednn.h"
#include "ir/op_table.h"
#include "tests/backends/run_graph.h"

/// Statistics of batches by the oneDNN backend.
namespace sinter {
namespace {

// Pictures' background is one number. Sums of so many in f32 are wrong in the fourth digit.
TEST(OneDnnBatchNorm, MeansOfManyEqualValuesKeepTheirDigits) {
  const auto backend = make_onednn_backend();
  RandomEngine random{3};
  for (const int64_t channels : {3, 6, 16, 17}) {
    Graph graph;
    const Type pictures{DType::f32, Shape{16, channels, 61, 64}, {}};
    const std::array<std::optional<Value>, 1> x = {graph.input("x", pictures)};
    for (const Value& each :
         graph.append(OpKind::batch_norm_training, x, Attributes(OpKind::batch_norm_training, {})))
      graph.add_result(each);
    Bindings bindings = random_bindings(graph, random);
    Tensor& values = bindings.inputs[0];
    for (int64_t i = 0; i < values.count(); ++i)
      if (i % 97 != 0) values.set(i, 1.3);
    EXPECT_GT(expect_parity(*backend, graph, bindings, offers(), 1e-5, random), 1U);
  }
}

}  // namespace
}  // namespace sinter
