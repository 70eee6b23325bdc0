#include "backends/jit/llvm_code_generator.h"

#include <llvm/IR/DiagnosticInfo.h>
#include <llvm/IR/DiagnosticPrinter.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/IR/Verifier.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/TargetParser/Host.h>

#include <mutex>

#include "backends/jit/emit.h"
#include "backends/jit/llvm_failure.h"
#include "ir/error.h"

namespace sinter::jit {
namespace {

constexpr const char* triple = "x86_64-unknown-linux-gnu";

/// A CPU as LLVM names it.
struct LlvmCpu {
  std::string name;
  std::string features = {};  ///< "+avx2,-avx512f,..."
};

LlvmCpu llvm_cpu(InstructionSet set) {
  switch (set) {
    case InstructionSet::host:
      break;
    case InstructionSet::baseline:
      return {"x86-64"};
    case InstructionSet::avx2:
      return {"x86-64-v3"};
    case InstructionSet::avx512:
      return {"x86-64-v4"};
  }
  std::vector<std::string> words;
  for (const auto& feature : llvm::sys::getHostCPUFeatures())
    words.push_back((feature.second ? "+" : "-") + feature.first().str());
  return {llvm::sys::getHostCPUName().str(), fmt::format("{}", fmt::join(words, ","))};
}

std::unique_ptr<llvm::TargetMachine> make_machine(const CpuTarget& cpu) {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
  });
  std::string message;
  const llvm::Target* target = llvm::TargetRegistry::lookupTarget(triple, message);
  if (target == nullptr) fail("LLVM cannot generate code for {}: {}", triple, message);
  const LlvmCpu machine = llvm_cpu(cpu.set);
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Standard;  // multiply_add only
  return std::unique_ptr<llvm::TargetMachine>(
      target->createTargetMachine(triple, machine.name, machine.features, options, llvm::Reloc::PIC_,
                                  llvm::CodeModel::Small, llvm::CodeGenOptLevel::Default, true));
}

/// Keeps what LLVM finds wrong; without it LLVM prints it and ends the process.
class Complaints final : public llvm::DiagnosticHandler {
 public:
  explicit Complaints(std::string& first) : first_(first) {}
  bool handleDiagnostics(const llvm::DiagnosticInfo& info) override {
    if (info.getSeverity() != llvm::DS_Error || !first_.empty()) return true;
    llvm::raw_string_ostream stream(first_);
    llvm::DiagnosticPrinterRawOStream printer(stream);
    info.print(printer);
    return true;
  }

 private:
  std::string& first_;
};

// Kernels come with their loops tiled, unrolled and vectorised: what is left to LLVM is to keep values in
// registers, to compute nothing twice and to choose instructions.
void optimize(llvm::Module& module, llvm::TargetMachine& machine) {
  llvm::PipelineTuningOptions tuning;
  tuning.LoopUnrolling = tuning.LoopInterleaving = tuning.LoopVectorization = tuning.SLPVectorization = false;
  llvm::PassBuilder builder(&machine, tuning);
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager graphs;
  llvm::ModuleAnalysisManager modules;
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(graphs);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, graphs, modules);
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O1).run(module, modules);
}

class LlvmCodeGenerator final : public CodeGenerator {
 public:
  explicit LlvmCodeGenerator(const CpuTarget& cpu) : cpu_(cpu), machine_(make_machine(cpu)) {}

  std::vector<std::byte> object(const Kernel& kernel, const std::string& function) override {
    const auto code = generate(kernel, function, llvm::CodeGenFileType::ObjectFile);
    const auto bytes = std::as_bytes(std::span(code.data(), code.size()));
    return {bytes.begin(), bytes.end()};
  }

  std::string assembly(const Kernel& kernel, const std::string& function) override {
    const auto text = generate(kernel, function, llvm::CodeGenFileType::AssemblyFile);
    return {text.begin(), text.end()};
  }

  std::string llvm_text(const Kernel& kernel, const std::string& function) override {
    llvm::LLVMContext context;
    std::string text;
    llvm::raw_string_ostream stream(text);
    optimized(kernel, function, context)->print(stream, nullptr);
    return text;
  }

 private:
  std::unique_ptr<llvm::Module> optimized(const Kernel& kernel, const std::string& function,
                                          llvm::LLVMContext& context) {
    auto module = emit(kernel, function, cpu_, context);
    module->setTargetTriple(triple);
    module->setDataLayout(machine_->createDataLayout());
    std::string message;
    llvm::raw_string_ostream stream(message);
    if (llvm::verifyModule(*module, &stream))
      require(false, fmt::format("LLVM code of kernel {} breaks a rule: {}", kernel.name, message));
    optimize(*module, *machine_);
    return module;
  }

  llvm::SmallVector<char, 0> generate(const Kernel& kernel, const std::string& function,
                                      llvm::CodeGenFileType type) {
    std::string complaint;
    auto context = std::make_unique<llvm::LLVMContext>();
    context->setDiagnosticHandler(std::make_unique<Complaints>(complaint));
    std::unique_ptr<llvm::Module> module;
    llvm::SmallVector<char, 0> bytes;
    const auto failure = failure_of([&] {
      module = optimized(kernel, function, *context);
      llvm::raw_svector_ostream stream(bytes);
      llvm::legacy::PassManager passes;
      require(!machine_->addPassesToEmitFile(passes, stream, nullptr, type),
              "LLVM writes objects for x86-64");
      passes.run(*module);
    });
    if (failure) {
      complaint = *failure;
      abandon(module, context, machine_);
      machine_ = make_machine(cpu_);
    }
    if (!complaint.empty()) fail("LLVM cannot make code of kernel {}: {}", kernel.name, complaint);
    return bytes;
  }

  // What LLVM left in the middle of its work cannot be destroyed.
  template <typename... T>
  static void abandon(std::unique_ptr<T>&... objects) {
    (static_cast<void>(objects.release()), ...);
  }

  CpuTarget cpu_;
  std::unique_ptr<llvm::TargetMachine> machine_;
};

}  // namespace
}  // namespace sinter::jit

extern "C" {

[[gnu::visibility("default")]] sinter::jit::ModuleVersion sinter_llvm_version;
const char* sinter_llvm_version() { return sinter::jit::emitter_version; }

[[gnu::visibility("default")]] sinter::jit::ModuleGenerator sinter_make_code_generator;
sinter::jit::CodeGenerator* sinter_make_code_generator(const sinter::jit::CpuTarget& cpu) {
  return new sinter::jit::LlvmCodeGenerator(cpu);
}
}
