#include "runtime/kernel_cache.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <fstream>

#include "ir/error.h"
#include "runtime/files/atomic_file.h"
#include "runtime/files/read_file.h"

namespace sinter {
namespace {

namespace fs = std::filesystem;

constexpr int64_t largest_kernel = int64_t{64} << 20;
constexpr std::string_view extension = ".kernel";
// What a killed process left behind; no file takes so long to be written.
constexpr std::chrono::hours abandoned_after{1};

// Before the key and the bytes.
struct Header {
  char magic[8];
  uint64_t key_bytes, object_bytes;
  uint64_t checksum;  ///< of key and bytes
};
constexpr char magic[8] = {'S', 'I', 'N', 'T', 'E', 'R', 'K', '1'};

int64_t file_bytes(std::string_view key, std::span<const std::byte> bytes) {
  return static_cast<int64_t>(sizeof(Header) + key.size() + bytes.size());
}

uint64_t checksum_of(std::string_view key, std::span<const std::byte> bytes) {
  const auto add = [](uLong sum, const void* data, size_t size) {
    return size == 0 ? sum : crc32_z(sum, static_cast<const Bytef*>(data), size);
  };
  return add(add(0, key.data(), key.size()), bytes.data(), bytes.size());
}

// Fowler, Noll and Vo's, the variant 1a. Two keys with one hash are one file, which holds the last of them.
uint64_t hash_of(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

// The object in a file that was written for this key and is as it was.
std::optional<std::vector<std::byte>> object_in(std::span<const uint8_t> file, std::string_view key) {
  Header header;
  if (file.size() < sizeof header) return std::nullopt;
  std::memcpy(&header, file.data(), sizeof header);
  const auto rest = std::as_bytes(file.subspan(sizeof header));
  if (std::memcmp(header.magic, magic, sizeof magic) != 0 || header.key_bytes != key.size() ||
      rest.size() < key.size() || rest.size() - key.size() != header.object_bytes ||
      std::memcmp(rest.data(), key.data(), key.size()) != 0)
    return std::nullopt;
  const auto object = rest.subspan(key.size());
  if (checksum_of(key, object) != header.checksum) return std::nullopt;
  return std::vector<std::byte>(object.begin(), object.end());
}

// What else a folder holds is somebody's own.
bool is_kernel(const fs::path& path) {
  char found[sizeof magic] = {};
  std::ifstream(path, std::ios::binary).read(found, sizeof found);
  return std::memcmp(found, magic, sizeof magic) == 0;
}

struct KeptFile {
  fs::path path;
  int64_t bytes = 0;
  fs::file_time_type used;
};

// Files that vanish meanwhile are another process's doing.
std::vector<KeptFile> files_in(const fs::path& folder) {
  std::vector<KeptFile> files;
  std::error_code error;
  for (auto entry = fs::directory_iterator(folder, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    std::error_code gone;
    const bool temporary = entry->path().filename().string().starts_with(".sinter-");
    if (!temporary && entry->path().extension() != extension) continue;
    const auto bytes = static_cast<int64_t>(entry->file_size(gone));
    const auto used = gone ? fs::file_time_type() : entry->last_write_time(gone);
    if (gone || !entry->is_regular_file(gone)) continue;
    if (!temporary && is_kernel(entry->path()))
      files.push_back({entry->path(), bytes, used});
    else if (temporary && used < fs::file_time_type::clock::now() - abandoned_after)
      fs::remove(entry->path(), gone);
  }
  return files;
}

int64_t total(const std::vector<KeptFile>& files) {
  int64_t bytes = 0;
  for (const KeptFile& file : files) bytes += file.bytes;
  return bytes;
}

void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) fail_input("cannot make the folder {}: {}", folder.string(), error.message());
}

}  // namespace

fs::path KernelCache::file_of(std::string_view key) const {
  return options_.folder / fmt::format("{:016x}{}", hash_of(key), extension);
}

std::optional<std::vector<std::byte>> KernelCache::find(std::string_view key) {
  if (options_.folder.empty()) return std::nullopt;
  const fs::path path = file_of(key);
  std::error_code ignored;
  if (!fs::is_regular_file(path, ignored)) return std::nullopt;
  try {
    auto object = object_in(read_file(path, largest_kernel), key);
    if (object) fs::last_write_time(path, fs::file_time_type::clock::now(), ignored);  // of its last use
    return object;
  } catch (const Error&) {
    return std::nullopt;
  }
}

void KernelCache::keep(std::string_view key, std::span<const std::byte> bytes) {
  if (options_.folder.empty()) return;
  const std::lock_guard lock(mutex_);
  std::error_code ignored;
  if (file_bytes(key, bytes) > options_.limit) return make_room(0);  // others made under a larger limit go
  const auto status = fs::symlink_status(file_of(key), ignored);
  if (gave_up_ || fs::is_directory(status)) return;
  if (!fs::is_regular_file(status))
    fs::remove(file_of(key), ignored);  // a link or a pipe, not what it leads to
  try {
    write(key, bytes);
  } catch (const Error& error) {
    gave_up_ = true;
    if (options_.warn) options_.warn(fmt::format("compiled kernels are not kept: {}", error.what()));
  }
}

void KernelCache::write(std::string_view key, std::span<const std::byte> bytes) {
  make_folder(options_.folder);
  Header header{{}, key.size(), bytes.size(), checksum_of(key, bytes)};
  std::memcpy(header.magic, magic, sizeof magic);
  make_room(file_bytes(key, bytes));
  AtomicFile file(file_of(key));
  file.write(std::as_bytes(std::span(&header, 1)));
  file.write(std::as_bytes(std::span(key)));
  file.write(bytes);
  file.commit(Durability::until_power_fails);
}

// The folder is looked at when the first file is written and whenever the limit is met: other processes write
// and remove, too.
void KernelCache::make_room(int64_t bytes) {
  if (bytes_ < 0) bytes_ = total(files_in(options_.folder));
  bytes_ += bytes;
  if (bytes_ <= options_.limit) return;
  auto files = files_in(options_.folder);
  std::ranges::sort(files, {}, &KeptFile::used);
  bytes_ = total(files) + bytes;
  for (const KeptFile& file : files) {
    if (bytes_ <= options_.limit) return;
    std::error_code ignored;
    fs::remove(file.path, ignored);
    bytes_ -= file.bytes;
  }
}

std::optional<std::string> KernelCache::keep_refused(std::string_view name, std::string_view text) {
  std::vector<fs::path> folders = {options_.temporary / "sinter-refused"};
  if (!options_.folder.empty()) folders.insert(folders.begin(), options_.folder / "refused");
  for (const fs::path& folder : folders) {
    try {
      make_folder(folder);
      const fs::path path = folder / fmt::format("{}.txt", name);
      write_file(path, std::as_bytes(std::span(text)));
      return path.string();
    } catch (const Error&) {
      continue;
    }
  }
  return std::nullopt;
}

}  // namespace sinter
