# ONNX models of the tests are written in ONNX's own language, whose parser is in Debian's library.
sinter_test(frontends
  SOURCES ../golden.cpp embedded_models_test.cpp errors_test.cpp fuzz_test.cpp language_doc_test.cpp
          layer_values_test.cpp lexer_test.cpp limits_test.cpp models_test.cpp nearest_name_test.cpp
          onnx/errors_test.cpp onnx/export_test.cpp onnx/fuzz_test.cpp onnx/import_test.cpp
          onnx/model_file.cpp onnx/ops_test.cpp onnx/shapes_test.cpp
  LIBRARIES sinter_frontends_sinter sinter_frontends_onnx onnx sinter_random protobuf::libprotobuf)
