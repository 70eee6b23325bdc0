sinter_test(frontends
  SOURCES embedded_models_test.cpp errors_test.cpp fuzz_test.cpp ../golden.cpp language_doc_test.cpp layer_values_test.cpp lexer_test.cpp
          limits_test.cpp models_test.cpp nearest_name_test.cpp
  LIBRARIES sinter_frontends_sinter)
