#include "backends/jit/machine_code.h"

#include <dlfcn.h>
#include <elf.h>
#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <limits>
#include <map>
#include <optional>
#include <utility>

#include "ir/error.h"

namespace sinter::jit {
namespace {

constexpr size_t page = 4096;
constexpr size_t largest_code = size_t{1} << 30;  // distances have 32 bits
// jmp *[rip]; the address. A function of a library may lie further away than a call reaches.
constexpr size_t stub_bytes = 16;
constexpr uint8_t jump[] = {0xff, 0x25, 0, 0, 0, 0};

size_t rounded_up(size_t bytes, size_t alignment) { return (bytes + alignment - 1) / alignment * alignment; }

[[noreturn]] void refuse(std::string_view what) { fail("object file: {}", what); }

/// The object's tables, every read within its bytes.
class Object {
 public:
  explicit Object(std::span<const std::byte> bytes) : bytes_(bytes) {
    const auto header = read<Elf64_Ehdr>(0);
    const bool elf = std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 &&
                     header.e_ident[EI_CLASS] == ELFCLASS64 && header.e_ident[EI_DATA] == ELFDATA2LSB;
    if (!elf || header.e_type != ET_REL || header.e_machine != EM_X86_64)
      refuse("it is no relocatable ELF object for x86-64");
    for (size_t i = 0; i < header.e_shnum; ++i)
      sections_.push_back(read<Elf64_Shdr>(header.e_shoff + i * sizeof(Elf64_Shdr)));
  }

  std::span<const Elf64_Shdr> sections() const { return sections_; }
  const Elf64_Shdr& section(size_t index) const {
    if (index >= sections_.size()) refuse(fmt::format("there is no section {}", index));
    return sections_[index];
  }

  template <typename T>
  std::vector<T> entries(const Elf64_Shdr& section) const {
    const auto bytes = content(section);
    std::vector<T> entries(bytes.size() / sizeof(T));
    if (!entries.empty()) std::memcpy(entries.data(), bytes.data(), entries.size() * sizeof(T));
    return entries;
  }

  std::span<const std::byte> content(const Elf64_Shdr& section) const {
    if (section.sh_offset > bytes_.size() || section.sh_size > bytes_.size() - section.sh_offset)
      refuse("a section ends after the file");
    return bytes_.subspan(section.sh_offset, section.sh_size);
  }

  /// The name at `offset` of a section of names.
  std::string name(const Elf64_Shdr& names, size_t offset) const {
    const auto bytes = content(names);
    const auto* begin = reinterpret_cast<const char*>(bytes.data());
    return offset < bytes.size() ? std::string(begin + offset, strnlen(begin + offset, bytes.size() - offset))
                                 : std::string();
  }

 private:
  template <typename T>
  T read(size_t offset) const {
    if (bytes_.size() < sizeof(T) || offset > bytes_.size() - sizeof(T)) refuse("it ends early");
    T value;
    std::memcpy(&value, bytes_.data() + offset, sizeof(T));
    return value;
  }

  std::span<const std::byte> bytes_;
  std::vector<Elf64_Shdr> sections_;
};

bool is_loaded(const Elf64_Shdr& section) { return (section.sh_flags & SHF_ALLOC) != 0; }

}  // namespace

/// Copies the sections one after the other, then stubs for functions outside; fills in distances.
class MachineCode::Loader {
 public:
  Loader(MachineCode& code, std::span<const std::byte> bytes) : code_(code), object_(bytes) {
    for (const Elf64_Shdr& section : object_.sections())
      if (section.sh_type == SHT_SYMTAB) {
        symbols_ = object_.entries<Elf64_Sym>(section);
        names_ = object_.section(section.sh_link);
      }
  }

  void load(const std::string& function) {
    place_sections();
    for (const Elf64_Shdr& section : object_.sections())
      if (section.sh_type == SHT_RELA && is_loaded(object_.section(section.sh_info))) relocate(section);
    find(function);
    if (mprotect(code_.memory_, code_.bytes_, PROT_READ | PROT_EXEC) != 0)
      fail("the system does not let generated code run: {}", std::strerror(errno));
  }

 private:
  void place_sections() {
    size_t end = 0;
    std::vector<std::optional<size_t>> offsets;
    for (const Elf64_Shdr& section : object_.sections()) {
      offsets.emplace_back();
      if (!is_loaded(section)) continue;
      if ((section.sh_flags & SHF_WRITE) != 0) refuse("it has data that can be written");
      const size_t alignment = std::max<size_t>(section.sh_addralign, 1);
      if (!std::has_single_bit(alignment) || alignment > page || section.sh_size > largest_code)
        refuse("a section's size or alignment is out of bounds");
      end = rounded_up(end, alignment);
      offsets.back() = end;
      end += section.sh_type == SHT_NOBITS ? section.sh_size : object_.content(section).size();
      if (end > largest_code) refuse("it is larger than 1 GiB");
    }
    next_stub_ = rounded_up(end, stub_bytes);
    allocate(next_stub_ + symbols_.size() * stub_bytes);
    for (size_t i = 0; i < offsets.size(); ++i) {
      code_.sections_.push_back(offsets[i] ? code_.memory_ + *offsets[i] : nullptr);
      const Elf64_Shdr& section = object_.sections()[i];
      if (!offsets[i] || section.sh_type == SHT_NOBITS || section.sh_size == 0) continue;
      std::memcpy(code_.memory_ + *offsets[i], object_.content(section).data(), section.sh_size);
    }
  }

  void allocate(size_t bytes) {
    code_.bytes_ = rounded_up(std::max<size_t>(bytes, 1), page);
    void* memory = mmap(nullptr, code_.bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    code_.memory_ = static_cast<std::byte*>(memory);
  }

  void relocate(const Elf64_Shdr& table) {
    const Elf64_Shdr& section = object_.section(table.sh_info);
    const std::byte* const base = code_.sections_[table.sh_info];
    for (const Elf64_Rela& entry : object_.entries<Elf64_Rela>(table)) {
      const auto type = ELF64_R_TYPE(entry.r_info);
      const size_t width = type == R_X86_64_64 ? 8 : 4;
      if (section.sh_size < width || entry.r_offset > section.sh_size - width)
        refuse("a relocation is outside of its section");
      std::byte* const at = code_.memory_ + (base - code_.memory_) + entry.r_offset;
      // Unsigned: a damaged addend may leave the range of addresses.
      const uint64_t target = address_of(ELF64_R_SYM(entry.r_info)) + static_cast<uint64_t>(entry.r_addend);
      if (type == R_X86_64_64) {
        std::memcpy(at, &target, 8);
      } else if (type == R_X86_64_PC32 || type == R_X86_64_PLT32) {
        const auto distance = static_cast<int64_t>(target - reinterpret_cast<uint64_t>(at));
        if (distance != static_cast<int32_t>(distance)) refuse("a distance has more than 32 bits");
        const auto narrow = static_cast<int32_t>(distance);
        std::memcpy(at, &narrow, 4);
      } else {
        refuse(fmt::format("relocation type {} is not known", type));
      }
    }
  }

  uint64_t address_of(size_t index) {
    if (index >= symbols_.size()) refuse(fmt::format("there is no symbol {}", index));
    const Elf64_Sym& symbol = symbols_[index];
    if (symbol.st_shndx == SHN_UNDEF) return stub(object_.name(names_, symbol.st_name));
    if (symbol.st_shndx >= code_.sections_.size() || code_.sections_[symbol.st_shndx] == nullptr ||
        symbol.st_value > object_.section(symbol.st_shndx).sh_size)
      refuse(fmt::format("symbol {} is in no section", index));
    return reinterpret_cast<uint64_t>(code_.sections_[symbol.st_shndx]) + symbol.st_value;
  }

  // Of a function of libc or libm.
  uint64_t stub(const std::string& name) {
    const auto [entry, is_new] = stubs_.try_emplace(name, code_.memory_ + next_stub_);
    if (is_new) {
      void* const function = dlsym(RTLD_DEFAULT, name.c_str());
      if (function == nullptr) refuse(fmt::format("there is no function \"{}\"", name));
      std::memcpy(entry->second, jump, sizeof jump);
      std::memcpy(entry->second + sizeof jump, &function, sizeof function);
      next_stub_ += stub_bytes;
    }
    return reinterpret_cast<uint64_t>(entry->second);
  }

  void find(const std::string& function) {
    for (size_t i = 0; i < symbols_.size(); ++i) {
      const Elf64_Sym& symbol = symbols_[i];
      if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC || symbol.st_shndx == SHN_UNDEF ||
          object_.name(names_, symbol.st_name) != function)
        continue;
      code_.entry_ = reinterpret_cast<const std::byte*>(address_of(i));
      code_.function_bytes_ = symbol.st_size;
      return;
    }
    refuse(fmt::format("there is no function \"{}\" in it", function));
  }

  MachineCode& code_;
  Object object_;
  std::vector<Elf64_Sym> symbols_;
  Elf64_Shdr names_ = {};
  size_t next_stub_ = 0;
  std::map<std::string, std::byte*> stubs_;
};

MachineCode::MachineCode(std::span<const std::byte> object, const std::string& function) {
  try {
    Loader(*this, object).load(function);
  } catch (...) {
    if (memory_ != nullptr) munmap(memory_, bytes_);
    throw;
  }
}

MachineCode::~MachineCode() {
  if (memory_ != nullptr) munmap(memory_, bytes_);
}

MachineCode::MachineCode(MachineCode&& other) noexcept
    : memory_(std::exchange(other.memory_, nullptr)),
      bytes_(other.bytes_),
      entry_(other.entry_),
      function_bytes_(other.function_bytes_),
      sections_(std::move(other.sections_)) {}

const std::byte* MachineCode::section(size_t index) const {
  return index < sections_.size() ? sections_[index] : nullptr;
}

}  // namespace sinter::jit
