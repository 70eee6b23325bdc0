set(backends_sources
  activations.cpp backend_list_test.cpp chain_kernel_test.cpp convolution_layers.cpp parity_test.cpp
  random_network.cpp run_graph.cpp same_bits_test.cpp)
if(SINTER_ONEDNN)
  list(APPEND backends_sources
    fusion_parity_test.cpp fusion_parts_test.cpp max_pool_pair_test.cpp onednn_batch_norm_test.cpp
    onednn_coverage_test.cpp onednn_declines_test.cpp onednn_moving_test.cpp onednn_nan_test.cpp
    onednn_shapes_test.cpp onednn_winograd_test.cpp single_sample_test.cpp)
endif()
if(SINTER_JIT)
  list(APPEND backends_sources
    ../golden.cpp jit_batch_norm_test.cpp jit_debug_symbols_test.cpp jit_engine_test.cpp jit_fusion_test.cpp
    jit_grouped_convolution_test.cpp jit_instruction_sets_test.cpp jit_kernel_test.cpp
    jit_kernel_text_test.cpp jit_lane_update_test.cpp jit_loss_test.cpp jit_pool_windows_test.cpp
    jit_pooled_gradient_test.cpp jit_product_test.cpp jit_reorder_test.cpp jit_resampling_test.cpp
    jit_small_batch_test.cpp jit_sparse_gradient_test.cpp jit_statistics_test.cpp jit_training_blocks_test.cpp
    jit_updated_gradient_test.cpp jit_vector_math_test.cpp jit_wide_convolution_test.cpp)
endif()
sinter_test(backends
  SOURCES ${backends_sources}
  LIBRARIES sinter_backends sinter_random)

# Older CPUs: oneDNN reads the variable when it is first asked which instructions there are. Not with the
# sanitizers, which see none of oneDNN's code: ours is the same for all.
if(SINTER_ONEDNN AND NOT CMAKE_BUILD_TYPE STREQUAL Debug)
  foreach(isa SSE41 AVX2)
    add_test(NAME backends_${isa} COMMAND backends_test
      --gtest_filter=-EveryOp/Parity.*/jit_*:EveryOp/Parity.*/reference_*:*Jit*:*InstructionSet*)
    set_tests_properties(backends_${isa} PROPERTIES ENVIRONMENT "DNNL_MAX_CPU_ISA=${isa}")
  endforeach()
endif()

# The one part of the module with LLVM that can be tested apart from it.
if(SINTER_JIT)
  find_package(LLVM 19.1 REQUIRED CONFIG)
  sinter_test(llvm_failure SOURCES ../backends/llvm_failure_test.cpp LIBRARIES LLVM)
  target_sources(llvm_failure_test PRIVATE ${CMAKE_SOURCE_DIR}/backends/jit/llvm_failure.cpp)
  target_include_directories(llvm_failure_test SYSTEM PRIVATE ${LLVM_INCLUDE_DIRS})
endif()
