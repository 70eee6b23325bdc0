#include "runtime/files/gzip_file.h"

#include <zlib.h>

#include <algorithm>
#include <span>

#include "ir/amounts.h"
#include "ir/error.h"

namespace sinter {
namespace {

class Inflater {
 public:
  Inflater(Location place, std::span<const uint8_t> compressed, int64_t limit)
      : place_(std::move(place)), compressed_(compressed), limit_(static_cast<size_t>(limit)) {
    constexpr int gzip_only = 15 + 16;  // the largest window; 16 asks for gzip's header and checksum
    if (inflateInit2(&stream_, gzip_only) != Z_OK) fail("out of memory expanding {}", place_.file);
  }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  std::vector<uint8_t> run() {
    do {
      member();
      inflateReset(&stream_);
    } while (read_ < compressed_.size());
    bytes_.resize(written_);
    return std::move(bytes_);
  }

 private:
  // zlib counts with 32 bits, so both sides are handed over in windows.
  static constexpr size_t largest_window = size_t{1} << 30;

  void member() {
    int status = Z_OK;
    while (status != Z_STREAM_END) {
      if (written_ == bytes_.size()) grow();
      const auto input = compressed_.subspan(read_, std::min(compressed_.size() - read_, largest_window));
      const size_t room = std::min(bytes_.size() - written_, largest_window);
      stream_.next_in = const_cast<Bytef*>(input.data());  // zlib's interface predates const
      stream_.avail_in = static_cast<uInt>(input.size());
      stream_.next_out = bytes_.data() + written_;
      stream_.avail_out = static_cast<uInt>(room);
      status = inflate(&stream_, Z_NO_FLUSH);
      read_ += input.size() - stream_.avail_in;
      written_ += room - stream_.avail_out;
      check(status);
    }
  }

  void check(int status) const {
    if (written_ > limit_)
      fail_input_at(place_, "expands to more than {}, the limit", byte_size(static_cast<int64_t>(limit_)));
    if (status == Z_OK || status == Z_STREAM_END) return;
    if (status == Z_BUF_ERROR)
      fail_input_at(place_, "the gzip data ends early, after {} bytes that expand to {}", compressed_.size(),
                    written_);
    if (status == Z_MEM_ERROR) fail("out of memory expanding {}", place_.file);
    fail_input_at(place_, "the gzip data is corrupt near byte {}: {}", read_,
                  stream_.msg != nullptr ? stream_.msg : "no reason known");
  }

  void grow() { bytes_.resize(std::min(limit_ + 1, 2 * std::max(compressed_.size(), written_))); }

  Location place_;
  std::span<const uint8_t> compressed_;
  size_t limit_;
  size_t read_ = 0, written_ = 0;
  std::vector<uint8_t> bytes_;
  z_stream stream_ = {};
};

}  // namespace

std::vector<uint8_t> read_gzip_file(const std::filesystem::path& path, int64_t limit) {
  std::vector<uint8_t> bytes = read_file(path, limit);
  const bool compressed = bytes.size() >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
  if (!compressed) return bytes;
  return Inflater({.file = path.string()}, bytes, limit).run();
}

}  // namespace sinter
