#include "runtime/files/npy.h"

#include <cmath>

#include "tests/runtime/temporary_folder.h"

namespace sinter {
namespace {

TEST(Npy, RoundTrip) {
  const TemporaryFolder folder;
  const Tensor tensors[] = {Tensor::of<float>({2, 3}, {1, 2, 3, -4, NAN, 1e30f}),
                            Tensor::of<double>({1}, {0.1}),
                            Tensor::of<int8_t>({2, 1, 2}, {-128, 127, 0, 1}),
                            Tensor::of<uint8_t>({3}, {0, 255, 7}),
                            Tensor::of<int32_t>({2}, {-5, 1 << 30}),
                            Tensor::of<int64_t>({}, {int64_t{-1} << 40}),
                            Tensor::of<bool>({2}, {true, false}),
                            Tensor(DType::f32, {0, 4})};
  for (const Tensor& tensor : tensors) {
    write_npy(folder / "a.npy", tensor);
    EXPECT_EQ(read_npy(folder / "a.npy"), tensor) << to_string(tensor.dtype());
  }
}

std::string npy(const std::string& dictionary, const std::string& data, char version = 1) {
  std::string file = std::string("\x93NUMPY") + version + '\0';
  file += static_cast<char>(dictionary.size());
  file.append(version == 1 ? 1 : 3, '\0');
  return file + dictionary + data;
}

TEST(Npy, IsWrittenAsNumPyWritesIt) {
  const TemporaryFolder folder;
  write_npy(folder / "a.npy", Tensor::of<int32_t>({2}, {1, -1}));
  std::string dictionary = "{'descr': '<i4', 'fortran_order': False, 'shape': (2,), }";
  dictionary.resize(117, ' ');
  EXPECT_EQ(content_of(folder / "a.npy"),
            npy(dictionary + '\n', std::string("\x01\0\0\0\xff\xff\xff\xff", 8)));
}

TEST(Npy, ReadsVersion2AndAnyTrue) {
  const TemporaryFolder folder;
  const std::string file =
      npy("{'descr': '|b1', 'fortran_order': False, 'shape': (3,), }\n", std::string("\x00\x01\x07", 3), 2);
  EXPECT_EQ(read_npy(folder.file("a.npy", file)), Tensor::of<bool>({3}, {false, true, true}));
}

TEST(Npy, NamesWhatIsWrong) {
  const TemporaryFolder folder;
  const auto expect = [&](const std::string& content, const std::string& message) {
    const std::string path = folder.file("a.npy", content).string();
    EXPECT_EQ(message_of<InputError>([&] { read_npy(path); }), path + ": " + message);
  };
  const std::string good = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }";
  expect("", "the file is empty, expected a NumPy array");
  expect("P", "not a NumPy file: it does not begin with \\x93NUMPY");
  expect("PK\x03\x04", "not a NumPy file: it does not begin with \\x93NUMPY");
  expect(npy(good, "12345678", 9), "NumPy format version 9, expected 1 or 2");
  expect(npy(good, "").substr(0, 9), "ends after 9 bytes, inside the header");
  expect(npy(good, "").substr(0, 40), "ends after 40 bytes, inside the header");
  expect(npy(good, "1234567"), "7 bytes of data, expected 8 for f32 of shape (2)");
  expect(npy(good, "123456789"), "9 bytes of data, expected 8 for f32 of shape (2)");
  expect(npy("{'descr': '>f4', 'fortran_order': False, 'shape': (2,), }", ""),
         "element type '>f4' is not supported; expected <f4, <f8, |i1, |u1, <i4, <i8 or |b1");
  expect(npy("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }", ""),
         "the array is in Fortran order; save numpy.ascontiguousarray(array) instead");
  expect(npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }", ""),
         "the header is wrong: 'descr' is not the name of an element type: "
         "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }");
  expect(npy("{'descr': '<f4', 'fortran_order': 1, 'shape': (2,), }", ""),
         "the header is wrong: 'fortran_order' is neither True nor False: "
         "{'descr': '<f4', 'fortran_order': 1, 'shape': (2,), }");
  expect(npy("{'descr': '<f4', 'fortran_order': False, }", ""),
         "the header is wrong: 'shape' is missing: {'descr': '<f4', 'fortran_order': False, }");
  expect(npy("{'descr': '<f4', 'fortran_order': False, 'shape': 2}", ""),
         "the header is wrong: 'shape' is not a tuple: {'descr': '<f4', 'fortran_order': False, 'shape': 2}");
  expect(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (x)}", ""),
         "the header is wrong: 'shape' is not a tuple of numbers: "
         "{'descr': '<f4', 'fortran_order': False, 'shape': (x)}");
  expect(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", ""),
         "the header's shape (-1) is impossible");
  expect(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }", ""),
         "the header's shape (4294967296, 4294967296) is impossible");
  expect(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1), }", "1234"),
         "the array has 9 dimensions, expected at most 8");
}

}  // namespace
}  // namespace sinter
