sinter_test(cli
  SOURCES ../frontends/onnx/model_file.cpp ../golden.cpp batch_norm_test.cpp bench_test.cpp check_test.cpp
          checkpoint_test.cpp data_test.cpp docs_test.cpp dot_text_test.cpp explain_test.cpp
          graph_picture_test.cpp graphviz_test.cpp inspect_test.cpp instruction_sets_test.cpp onnx_test.cpp
          ops_test.cpp opt_test.cpp program.cpp run_test.cpp summary_test.cpp terminal_test.cpp train_test.cpp
          training_pictures_test.cpp usage_test.cpp
  LIBRARIES sinter_cli onnx protobuf::libprotobuf sinter_random nlohmann_json::nlohmann_json util)
if(SINTER_JIT)
  target_sources(cli_test PRIVATE cli/kernel_cache_test.cpp cli/moved_program_test.cpp)
endif()
target_compile_definitions(cli_test PRIVATE SINTER_PROGRAM="$<TARGET_FILE:sinter>")
add_dependencies(cli_test sinter)
# GCC 12 sees uninitialised values in std::regex where the sanitizers are on.
set_source_files_properties(cli/graph_picture_test.cpp PROPERTIES COMPILE_OPTIONS -Wno-maybe-uninitialized)
