# Against the shared library, as a user has it: what the headers promise must be in there.
sinter_test(api
  SOURCES builder_layers_test.cpp builder_test.cpp execution_test.cpp fit_test.cpp inference_test.cpp
          model_test.cpp training_test.cpp
  LIBRARIES sinter_library)
