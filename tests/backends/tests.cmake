sinter_test(backends
  SOURCES parity_test.cpp
  LIBRARIES sinter_backends sinter_random)
