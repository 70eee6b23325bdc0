sinter_test(bench
  SOURCES layer_case_test.cpp layer_test.cpp ../../bench/kernels/layer.cpp ../../bench/kernels/layer_case.cpp
  LIBRARIES sinter_ir)
