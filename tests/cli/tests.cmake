sinter_test(cli
  SOURCES program.cpp data_test.cpp inspect_test.cpp ops_test.cpp opt_test.cpp run_test.cpp summary_test.cpp
          terminal_test.cpp train_test.cpp usage_test.cpp
  LIBRARIES sinter_runtime sinter_frontends_sinter nlohmann_json::nlohmann_json util)
target_compile_definitions(cli_test PRIVATE SINTER_PROGRAM="$<TARGET_FILE:sinter>")
add_dependencies(cli_test sinter)
