sinter_test(runtime
  SOURCES allocation_count.cpp augmentation_test.cpp bandwidth_test.cpp batch_loader_test.cpp
          batch_norm_training_test.cpp benchmark_test.cpp checkpoint_test.cpp cifar10_test.cpp
          compile_time_test.cpp data_set_test.cpp dropout_training_test.cpp evaluation_test.cpp
          explain_step_test.cpp fallbacks_test.cpp files_test.cpp image_folder_test.cpp jpeg_test.cpp
          kernel_cache_test.cpp kernel_failure_test.cpp lr_schedule_test.cpp memory_need_test.cpp
          non_finite_test.cpp npy_test.cpp peak_rss_test.cpp peak_test.cpp philox_test.cpp png_test.cpp
          profile_test.cpp recompute_test.cpp refused_kernel_test.cpp resize_test.cpp safetensors_test.cpp
          same_bits_test.cpp session_test.cpp slab_loop_test.cpp synthetic_test.cpp thread_pool_test.cpp
          trainer_test.cpp weights_test.cpp
  LIBRARIES sinter_runtime)
if(SINTER_JIT)
  target_sources(runtime_test PRIVATE runtime/jit_coverage_test.cpp)
  target_link_libraries(runtime_test PRIVATE sinter_frontends_sinter)
endif()

# What is timed runs while no other test does.
set_tests_properties(runtime PROPERTIES ENVIRONMENT "GTEST_FILTER=-CompileTime.*")
add_test(NAME compile_time COMMAND runtime_test --gtest_filter=CompileTime.*)
set_tests_properties(compile_time PROPERTIES RUN_SERIAL TRUE)
