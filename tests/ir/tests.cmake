add_library(sinter_random STATIC random/random_ops.cpp random/random_graph.cpp)
target_compile_options(sinter_random PRIVATE -Wall -Wextra -Werror -Wno-stringop-overflow)
target_link_libraries(sinter_random PUBLIC sinter_ir)

sinter_test(ir
  SOURCES d2l_test.cpp edge_case_test.cpp gradient_test.cpp layout_test.cpp naive_ops.cpp op_table_test.cpp op_test.cpp
          tensor_test.cpp
  LIBRARIES sinter_random)
