#include "backends/jit/code_generator.h"

#include <llvm/IR/LegacyPassManager.h>
#include <llvm/IR/Verifier.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/SmallVectorMemoryBuffer.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Target/TargetMachine.h>

#include <mutex>

#include "backends/jit/emit.h"
#include "backends/jit/verify_kernel.h"
#include "ir/error.h"

namespace sinter::jit {
namespace {

constexpr const char* triple = "x86_64-unknown-linux-gnu";

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
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Standard;  // multiply_add only
  return std::unique_ptr<llvm::TargetMachine>(
      target->createTargetMachine(triple, cpu.cpu, cpu.features, options, llvm::Reloc::PIC_,
                                  llvm::CodeModel::Small, llvm::CodeGenOptLevel::Default, true));
}

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

std::unique_ptr<llvm::Module> optimized(const Kernel& kernel, const std::string& function,
                                        llvm::LLVMContext& context, const CpuTarget& cpu,
                                        llvm::TargetMachine& machine) {
  verify_kernel(kernel);
  auto module = emit(kernel, function, cpu, context);
  module->setTargetTriple(triple);
  module->setDataLayout(machine.createDataLayout());
  std::string message;
  llvm::raw_string_ostream stream(message);
  if (llvm::verifyModule(*module, &stream))
    require(false, fmt::format("LLVM code of kernel {} breaks a rule: {}\n{}", kernel.name, message,
                               to_string(kernel)));
  optimize(*module, machine);
  return module;
}

void generate(llvm::TargetMachine& machine, llvm::Module& module, llvm::raw_pwrite_stream& stream,
              llvm::CodeGenFileType type) {
  llvm::legacy::PassManager passes;
  require(!machine.addPassesToEmitFile(passes, stream, nullptr, type), "LLVM writes objects for x86-64");
  passes.run(module);
}

}  // namespace

CodeGenerator::CodeGenerator(const CpuTarget& cpu) : cpu_(cpu), machine_(make_machine(cpu)) {}
CodeGenerator::~CodeGenerator() = default;

std::unique_ptr<llvm::MemoryBuffer> CodeGenerator::object(const Kernel& kernel, const std::string& function) {
  llvm::LLVMContext context;
  const auto module = optimized(kernel, function, context, cpu_, *machine_);
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream stream(bytes);
  generate(*machine_, *module, stream, llvm::CodeGenFileType::ObjectFile);
  return std::make_unique<llvm::SmallVectorMemoryBuffer>(std::move(bytes), function, false);
}

std::string CodeGenerator::llvm_text(const Kernel& kernel, const std::string& function) {
  llvm::LLVMContext context;
  std::string text;
  llvm::raw_string_ostream stream(text);
  optimized(kernel, function, context, cpu_, *machine_)->print(stream, nullptr);
  return text;
}

std::string CodeGenerator::assembly(const Kernel& kernel, const std::string& function) {
  llvm::LLVMContext context;
  const auto module = optimized(kernel, function, context, cpu_, *machine_);
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream stream(bytes);
  generate(*machine_, *module, stream, llvm::CodeGenFileType::AssemblyFile);
  return {bytes.begin(), bytes.end()};
}

}  // namespace sinter::jit
