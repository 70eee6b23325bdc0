#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <new>

#include "cli/commands.h"
#include "cli/version.h"
#include "ir/error.h"
#include "ir/printable.h"

namespace sinter::cli {
namespace {

constexpr const char* description =
    "Compiles convolutional networks and runs them, forward and backward.\n\n"
    "Examples:\n"
    "  sinter train lenet_relu --data synthetic --epochs 2 --batch-size 64 --save lenet.safetensors\n"
    "  sinter eval lenet_relu --weights lenet.safetensors --data synthetic\n"
    "  sinter data synthetic --export pictures\n"
    "  sinter run lenet_relu --weights lenet.safetensors --input image=pictures/000-0.png\n"
    "  sinter summary lenet\n"
    "  sinter inspect lenet --mode train --stage autodiff --batch-size 1\n"
    "  sinter train --help";

constexpr const char* global_options_note =
    "\n\nGlobal options: --threads, --seed, --backend, --log-level, --kernel-cache, --no-kernel-cache,\n"
    "--kernel-cache-limit, --jit-symbols, --instruction-set; `sinter --help` describes them.";

constexpr int failed = 1;
constexpr int bad_input = 2;

int fail_with(int code, const char* message) {
  fmt::print(stderr, "sinter: {}\n", printable(message));
  return code;
}

// A closed standard stream's number would go to the next file that is opened, and what is printed into that
// file.
void open_standard_streams() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (fcntl(descriptor, F_GETFD) == -1 && errno == EBADF)
      open("/dev/null", O_RDWR);  // takes the lowest number
}

int run(int argc, char** argv) {
  open_standard_streams();
  std::signal(SIGXFSZ, SIG_IGN);  // a file above the process's limit is an error of writing, like a full disk
  CLI::App app(description, "sinter");
  GlobalOptions global;
  add_global_options(app, global);
  app.fallthrough();  // global options may follow the command
  app.set_version_flag("--version", version_text, "print version, backends and instruction set");
  app.require_subcommand(0, 1);  // none is reported below, after a mistyped one would have been
  app.failure_message([](const CLI::App*, const CLI::Error& error) {
    return fmt::format("sinter: {}\nRun `sinter --help` or `sinter COMMAND --help` for more.\n",
                       printable(error.what()));
  });
  for (const auto add : {add_train, add_eval, add_run, add_summary, add_inspect, add_explain, add_bench,
                         add_check, add_export, add_opt, add_ops, add_data})
    add(app, global);
  for (CLI::App* command : app.get_subcommands({}))
    command->footer(command->get_footer() + global_options_note);
  try {
    app.parse(argc, argv);
    if (app.get_subcommands().empty()) throw CLI::RequiredError("A subcommand");
    return 0;
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : bad_input;
  } catch (const InputError& error) {
    return fail_with(bad_input, error.what());
  } catch (const std::bad_alloc&) {
    return fail_with(failed, "out of memory");
  } catch (const std::exception& error) {
    return fail_with(failed, error.what());
  }
}

}  // namespace
}  // namespace sinter::cli

int main(int argc, char** argv) { return sinter::cli::run(argc, argv); }
