#include "backends/jit/code_generator.h"

#include <dlfcn.h>
#include <link.h>

#include <filesystem>

#include "backends/jit/llvm_code_generator.h"
#include "ir/error.h"

namespace sinter::jit {
namespace {

namespace fs = std::filesystem;

// The file that this code is in: the program, or a library that holds it.
fs::path own_file() {
  Dl_info info;
  link_map* map = nullptr;
  const auto* here = reinterpret_cast<const void*>(&own_file);
  const bool found = dladdr1(here, &info, reinterpret_cast<void**>(&map), RTLD_DL_LINKMAP) != 0;
  std::error_code ignored;
  if (found && map != nullptr && map->l_name[0] != '\0') {
    const fs::path file = fs::canonical(map->l_name, ignored);
    return file.empty() ? fs::path(map->l_name) : file;
  }
  return fs::read_symlink("/proc/self/exe", ignored);
}

// In the lib/ beside the program's bin/, or in the same folder, as of a library. Nowhere else: a module of a
// build that is elsewhere may be another state's, or gone tomorrow.
fs::path module_file() {
  const fs::path own = own_file().parent_path();
  const fs::path places[] = {own.parent_path() / "lib" / SINTER_LLVM_MODULE, own / SINTER_LLVM_MODULE};
  std::error_code ignored;
  for (const fs::path& place : places)
    if (fs::exists(place, ignored)) return place;
  fail("cannot find the code generator; looked for {} and {}", places[0].string(), places[1].string());
}

template <typename F>
F* function_of(void* library, const char* name) {
  return reinterpret_cast<F*>(dlsym(library, name));
}

ModuleGenerator* load_module() {
  const std::string file = module_file();
  // Never closed: LLVM keeps state of its own until the process ends.
  void* library = dlopen(file.c_str(), RTLD_LAZY | RTLD_LOCAL | RTLD_NODELETE);
  if (library == nullptr) fail("cannot load the code generator: {}", dlerror());
  auto* version = function_of<ModuleVersion>(library, module_version_function);
  auto* make = function_of<ModuleGenerator>(library, module_generator_function);
  if (version == nullptr || make == nullptr) fail("{} is no code generator of sinter's", file);
  if (version() != std::string_view(emitter_version))
    fail("{} is the code generator of sinter {}; expected {}", file, version(), emitter_version);
  return make;
}

}  // namespace

std::unique_ptr<CodeGenerator> make_code_generator(const CpuTarget& cpu) {
  static ModuleGenerator* const make = load_module();  // tried again if it throws
  return std::unique_ptr<CodeGenerator>(make(cpu));
}

std::string_view llvm_version() { return SINTER_LLVM_VERSION; }

}  // namespace sinter::jit
