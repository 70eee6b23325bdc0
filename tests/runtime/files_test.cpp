#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ir/error.h"
#include "runtime/files/atomic_file.h"
#include "runtime/files/gzip_file.h"
#include "tests/runtime/gzip_text.h"
#include "tests/runtime/temporary_folder.h"

namespace sinter {
namespace {

namespace fs = std::filesystem;

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

size_t files_in(const fs::path& folder) {
  return std::distance(fs::directory_iterator(folder), fs::directory_iterator());
}

TEST(AtomicFile, AppearsWholeOrNotAtAll) {
  const TemporaryFolder folder;
  const fs::path path = folder.file("weights", "old");
  {
    AtomicFile file(path);
    file.write(bytes_of("half of the n"));
    EXPECT_EQ(content_of(path), "old");
  }
  EXPECT_EQ(content_of(path), "old");
  EXPECT_EQ(files_in(folder.path()), 1);
  {
    AtomicFile one(path), other(path);
    one.write(bytes_of("one"));
    other.write(bytes_of("other "));
    other.write(bytes_of("one"));
    one.commit();
    EXPECT_EQ(content_of(path), "one");
    other.commit();
  }
  EXPECT_EQ(content_of(path), "other one");
  EXPECT_EQ(files_in(folder.path()), 1);
}

TEST(AtomicFile, WritesThroughALink) {
  const TemporaryFolder folder;
  fs::create_symlink(folder.file("target", "old"), folder / "link");
  write_file(folder / "link", bytes_of("new"));
  EXPECT_TRUE(fs::is_symlink(folder / "link"));
  EXPECT_EQ(content_of(folder / "target"), "new");
}

TEST(AtomicFile, NamesPathAndReason) {
  const TemporaryFolder folder;
  const std::string root = folder.path().string();
  const auto message = [](const std::string& path) {
    return message_of<InputError>([&] { write_file(path, bytes_of("x")); });
  };
  EXPECT_EQ(message(root + "/no/file"),
            "cannot write " + root + "/no/file: there is no folder " + root + "/no");
  EXPECT_EQ(message(root), "cannot write " + root + ": it is a folder, not a file");
  EXPECT_EQ(message(root + "/"), "cannot write " + root + "/: it is a folder, not a file");
  EXPECT_EQ(message(""), "cannot write \"\": it names no file");
  EXPECT_EQ(message("/dev/null"), "cannot write /dev/null: it is a device, not a file");
  folder.file("plain", "");
  EXPECT_EQ(message(root + "/plain/file"), "cannot write " + root + "/plain/file: Not a directory");
}

TEST(AtomicFile, NamesMissingPermission) {
  const TemporaryFolder folder;
  const uid_t user = geteuid();
  constexpr uid_t nobody = 65534;
  ASSERT_EQ(seteuid(user == 0 ? nobody : user), 0);  // root may write anywhere
  chmod(folder.path().c_str(), 0500);
  const std::string path = (folder / "file").string();
  EXPECT_EQ(message_of<InputError>([&] { write_file(path, bytes_of("x")); }),
            "cannot write " + path + ": Permission denied");
  ASSERT_EQ(seteuid(user), 0);
  chmod(folder.path().c_str(), 0700);
}

TEST(AtomicFile, AFullDiskLeavesNothing) {
  const TemporaryFolder folder;
  const std::string path = folder.file("file", "old").string();
  // A limit on the size of files stands for the full disk.
  rlimit before = {};
  getrlimit(RLIMIT_FSIZE, &before);
  rlimit small = before;
  small.rlim_cur = 4096;
  const auto handler = signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &small);
  const std::string message = message_of<Error>([&] { write_file(path, bytes_of(std::string(10000, 'x'))); });
  setrlimit(RLIMIT_FSIZE, &before);
  signal(SIGXFSZ, handler);
  EXPECT_EQ(message, "cannot write " + path + ": File too large");
  EXPECT_EQ(content_of(path), "old");
  EXPECT_EQ(files_in(folder.path()), 1);
}

std::string as_text(const std::vector<uint8_t>& bytes) { return {bytes.begin(), bytes.end()}; }

TEST(ReadFile, ReadsAllOrSaysWhyNot) {
  const TemporaryFolder folder;
  for (const size_t size : {0, 1, 65536, 300000}) {
    const std::string content(size, 'x');
    EXPECT_EQ(as_text(read_file(folder.file("file", content))), content);
  }
  EXPECT_GT(read_file("/proc/self/maps").size(), 100);  // claims to be 0 bytes long
  const std::string root = folder.path().string();
  EXPECT_EQ(message_of<InputError>([&] { read_file(root + "/none"); }),
            "cannot read " + root + "/none: No such file or directory");
  EXPECT_EQ(message_of<InputError>([&] { read_file(root); }), "cannot read " + root + ": Is a directory");
  const std::string large = folder.file("large", std::string(101, 'x')).string();
  EXPECT_EQ(message_of<InputError>([&] { read_file(large, 100); }),
            large + ": holds more than 100 B, the limit");
  EXPECT_EQ(read_file(large, 101).size(), 101);
}

TEST(GzipFile, IsToldByItsContent) {
  const TemporaryFolder folder;
  const std::string text = "pullover, dress, " + std::string(100000, 'z');
  EXPECT_EQ(as_text(read_gzip_file(folder.file("plain.gz", text))), text);
  EXPECT_EQ(as_text(read_gzip_file(folder.file("compressed", gzip(text)))), text);
  EXPECT_EQ(as_text(read_gzip_file(folder.file("two.gz", gzip(text) + gzip("coat")))), text + "coat");
  EXPECT_EQ(read_gzip_file(folder.file("empty", "")).size(), 0);
  EXPECT_EQ(read_gzip_file(folder.file("nothing.gz", gzip(""))).size(), 0);
}

TEST(GzipFile, EveryTruncationAndEveryFlipIsRefused) {
  const TemporaryFolder folder;
  const std::string whole = gzip("sandal, shirt, sneaker, bag, ankle boot");
  const std::string path = folder.file("data.gz", "").string();
  for (size_t length = 2; length < whole.size(); ++length) {
    folder.file("data.gz", whole.substr(0, length));
    const std::string message = message_of<InputError>([&] { read_gzip_file(path); });
    EXPECT_NE(message.find(path + ": the gzip data ends early, after " + std::to_string(length) + " bytes"),
              std::string::npos)
        << message;
  }
  for (size_t i = 10; i < whole.size();
       ++i) {  // in its first 10 bytes gzip has a time stamp, which may be any
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x55);
    folder.file("data.gz", damaged);
    EXPECT_NE(message_of<InputError>([&] { read_gzip_file(path); }).find(path + ": the gzip data "),
              std::string::npos);
  }
}

TEST(GzipFile, NamesWhatIsWrong) {
  const TemporaryFolder folder;
  const std::string path = folder.file("data.gz", gzip("bag") + "rubbish").string();
  EXPECT_EQ(message_of<InputError>([&] { read_gzip_file(path); }),
            path + ": the gzip data is corrupt near byte " + std::to_string(gzip("bag").size() + 2) +
                ": incorrect header check");
  folder.file("data.gz", gzip(std::string(100000, 'z')));
  EXPECT_EQ(message_of<InputError>([&] { read_gzip_file(path, 99999); }),
            path + ": expands to more than 97.7 KiB, the limit");
  EXPECT_EQ(read_gzip_file(path, 100000).size(), 100000);
}

}  // namespace
}  // namespace sinter
