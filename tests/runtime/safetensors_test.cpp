#include "runtime/files/safetensors.h"

#include "tests/runtime/temporary_folder.h"

namespace sinter {
namespace {

std::string file_of(const std::string& header, const std::string& data) {
  std::string file;
  for (int shift = 0; shift < 64; shift += 8) file += static_cast<char>(header.size() >> shift);
  return file + header + data;
}

TEST(Safetensors, RoundTrip) {
  const TemporaryFolder folder;
  const NamedTensors tensors = {{"0.weight", Tensor::of<float>({2, 2}, {1, -2, 3.5f, 1e-40f})},
                                {"a.flag", Tensor::of<bool>({3}, {true, false, true})},
                                {"b.double", Tensor::of<double>({1}, {0.1})},
                                {"c.bytes", Tensor::of<uint8_t>({2}, {255, 0})},
                                {"d.small", Tensor::of<int8_t>({1}, {-7})},
                                {"e.int", Tensor::of<int32_t>({}, {-5})},
                                {"f.long", Tensor::of<int64_t>({1}, {int64_t{1} << 50})},
                                {"g.empty", Tensor(DType::f32, {0, 3})},
                                {"h \"quoted\" \u00fc", Tensor::of<float>({1}, {1})}};
  write_safetensors(folder / "w", tensors);
  EXPECT_EQ(read_safetensors(folder / "w"), tensors);
  write_safetensors(folder / "again", tensors);
  EXPECT_EQ(content_of(folder / "w"), content_of(folder / "again"));
  write_safetensors(folder / "none", {});
  EXPECT_TRUE(read_safetensors(folder / "none").empty());
}

TEST(Safetensors, IsWrittenAsTheFormatSays) {
  const TemporaryFolder folder;
  write_safetensors(folder / "w",
                    {{"a", Tensor::of<uint8_t>({3}, {1, 2, 3})}, {"b", Tensor::of<int32_t>({}, {4})}});
  std::string header =
      R"({"__metadata__":{"format":"sinter"},"a":{"data_offsets":[4,7],"dtype":"U8","shape":[3]},)"
      R"("b":{"data_offsets":[0,4],"dtype":"I32","shape":[]}})";
  while (header.size() % 8 != 0) header += ' ';
  EXPECT_EQ(content_of(folder / "w"), file_of(header, std::string("\4\0\0\0\1\2\3", 7)));
}

TEST(Safetensors, ReadsOtherWritersFiles) {
  const TemporaryFolder folder;
  const auto path = folder.file(
      "w",
      file_of(R"( {"x": {"dtype": "BOOL", "data_offsets": [0, 2], "shape": [2]}})", std::string("\0\5", 2)));
  EXPECT_EQ(read_safetensors(path), (NamedTensors{{"x", Tensor::of<bool>({2}, {false, true})}}));
}

TEST(Safetensors, RefusesToWriteWhatItCannotHold) {
  const TemporaryFolder folder;
  EXPECT_EQ(message_of<InputError>([&] {
              write_safetensors(folder / "w", {{"x", Tensor(DType::bf16, {1})}});
            }),
            "tensor \"x\": a safetensors file cannot hold bf16 yet");
  EXPECT_FALSE(std::filesystem::exists(folder / "w"));
}

class BadSafetensors : public testing::Test {
 protected:
  void expect(const std::string& content, const std::string& message) {
    const std::string path = folder_.file("w", content).string();
    EXPECT_EQ(message_of<InputError>([&] { read_safetensors(path); }), path + ": " + message);
  }
  // With one F32 tensor "x" of the given fields, and eight bytes of data.
  void expect_x(const std::string& fields, const std::string& message) {
    expect(file_of("{\"x\":{" + fields + "}}", "12345678"), "tensor \"x\": " + message);
  }
  TemporaryFolder folder_;
};

TEST_F(BadSafetensors, Header) {
  expect("", "not a safetensors file: 0 bytes, expected at least 8");
  expect("1234567", "not a safetensors file: 7 bytes, expected at least 8");
  expect("binary garbage, much of it",
         "not a safetensors file, or a truncated one: a header of 7431072917329176930 bytes in a file of 26");
  expect(file_of("{}", "").substr(0, 9),
         "not a safetensors file, or a truncated one: a header of 2 bytes in a file of 9");
  expect(file_of("{\"x\": ", ""), "the header is not JSON, at its byte 7");
  expect(file_of("{\"\xff\": 1}", ""), "the header is not JSON, at its byte 3");
  expect(file_of(std::string(100000, '['), ""), "the header is not JSON, at its byte 100001");
  expect(file_of("[1]", ""), "the header is array, expected an object");
  const std::string x = R"("x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]})";
  expect(file_of("{" + x + "," + x + "}", "1"), "tensor \"x\" is in the header twice");
}

TEST_F(BadSafetensors, Fields) {
  expect(file_of("{\"x\": 5}", ""), "tensor \"x\": \"dtype\" is missing");
  expect_x(R"("dtype":"F32","shape":[2])", "\"data_offsets\" is missing");
  expect_x(R"("dtype":"BF16","shape":[4],"data_offsets":[0,8])",
           "element type \"BF16\" is not supported; expected one of F32 F64 I8 U8 I32 I64 BOOL");
  expect_x(R"("dtype":3,"shape":[4],"data_offsets":[0,8])",
           "element type 3 is not supported; expected one of F32 F64 I8 U8 I32 I64 BOOL");
  expect_x(R"("dtype":"F32","shape":[-2],"data_offsets":[0,8])",
           "shape is [-2], expected a list of whole numbers");
  expect_x(R"("dtype":"F32","shape":[1.5],"data_offsets":[0,8])",
           "shape is [1.5], expected a list of whole numbers");
  expect_x(R"("dtype":"F32","shape":"2","data_offsets":[0,8])",
           "shape is \"2\", expected a list of whole numbers");
  expect_x(R"("dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,8])",
           "shape is [9223372036854775808], expected a list of whole numbers");
  expect_x(R"("dtype":"F32","shape":[1,1,1,1,1,1,1,1,2],"data_offsets":[0,8])",
           "9 dimensions, expected at most 8");
  expect_x(R"("dtype":"F32","shape":[2],"data_offsets":[0,4,8])", "3 data_offsets, expected 2");
}

TEST_F(BadSafetensors, Sizes) {
  expect_x(R"("dtype":"F32","shape":[3],"data_offsets":[0,8])", "8 bytes of data, expected 12 for f32[3]");
  expect_x(R"("dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8])",
           "the shape of f32[4294967296, 4294967296] is impossible");
  expect_x(R"("dtype":"F32","shape":[3],"data_offsets":[0,12])",
           "data_offsets [0, 12] are not within the file's 8 bytes of data");
  expect_x(R"("dtype":"F32","shape":[1],"data_offsets":[8,4])",
           "data_offsets [8, 4] are not within the file's 8 bytes of data");
  expect_x(R"("dtype":"F32","shape":[1],"data_offsets":[4,8])",
           "its data begins at byte 4, expected 0: no tensor fills the gap");
  expect(file_of(R"({"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", "12345678"),
         "8 bytes of data, expected 4 for the tensors in the header");
  expect(file_of(R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                 R"("y":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
                 "12345678"),
         "tensor \"y\": its data begins at byte 4, inside that of \"x\", which ends at 8");
}

TEST_F(BadSafetensors, EveryTruncationIsRefused) {
  write_safetensors(folder_ / "whole",
                    {{"x", Tensor::of<float>({2}, {1, 2})}, {"y", Tensor::of<bool>({1}, {true})}});
  const std::string whole = content_of(folder_ / "whole");
  for (size_t length = 0; length < whole.size(); ++length) {
    const std::string path = folder_.file("w", whole.substr(0, length)).string();
    EXPECT_EQ(message_of<InputError>([&] { read_safetensors(path); }).find(path), 0) << length;
  }
}

}  // namespace
}  // namespace sinter
