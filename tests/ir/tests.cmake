# Random op instances and graphs; other folders' tests use them too.
add_library(sinter_random STATIC random/random_graph.cpp random/random_ops.cpp random/random_tensor.cpp)
target_compile_options(sinter_random PRIVATE -Wall -Wextra -Werror -Wno-stringop-overflow)
target_link_libraries(sinter_random PUBLIC sinter_ir)

sinter_test(ir
  SOURCES ../golden.cpp activation_test.cpp amounts_test.cpp d2l_test.cpp dropout_test.cpp
          elementwise_test.cpp error_test.cpp errors_test.cpp gradient_test.cpp graph_test.cpp
          interpreter_test.cpp joining_test.cpp layout_test.cpp loss_test.cpp naive_activation.cpp
          naive_array.cpp naive_elementwise.cpp naive_loss.cpp naive_moving.cpp naive_normalization.cpp
          naive_ops.cpp naive_optimizer.cpp naive_pooling.cpp naive_products.cpp naive_reduction.cpp
          naive_spatial.cpp normalization_test.cpp op_table_test.cpp op_test.cpp optimizer_test.cpp
          pooling_test.cpp printable_test.cpp product_test.cpp reduction_test.cpp relayout_test.cpp
          signature_test.cpp spatial_test.cpp tensor_test.cpp text_fuzz_test.cpp text_test.cpp verify_test.cpp
  LIBRARIES sinter_random)
