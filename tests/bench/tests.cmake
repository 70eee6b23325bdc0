find_package(benchmark REQUIRED)

sinter_test(bench
  SOURCES ../../bench/kernels/comparison.cpp ../../bench/kernels/layer.cpp ../../bench/kernels/layer_case.cpp
          ../../bench/kernels/shape_files.cpp ../../bench/run_benchmarks.cpp comparison_test.cpp
          layer_case_test.cpp layer_test.cpp run_benchmarks_test.cpp shape_files_test.cpp
  LIBRARIES sinter_ir benchmark::benchmark)
