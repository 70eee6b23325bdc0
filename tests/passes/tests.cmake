sinter_test(passes
  SOURCES assign_layouts_test.cpp autodiff_test.cpp fold_constants_test.cpp frugal_slab_test.cpp fuzz_test.cpp
          golden_test.cpp hoist_weights_test.cpp optimizer_test.cpp plan_memory_layout_test.cpp
          plan_memory_test.cpp random_training_graph.cpp recompute_test.cpp rewrite_test.cpp
          run_passes_test.cpp same_numbers_test.cpp slab_size_test.cpp target_passes_test.cpp test_target.cpp
  LIBRARIES sinter_passes sinter_random)
