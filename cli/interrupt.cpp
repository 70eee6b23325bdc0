#include "cli/interrupt.h"

#include <csignal>

namespace sinter::cli {
namespace {

// A signal handler can reach nothing else: this is the program's one mutable static.
volatile std::sig_atomic_t came = 0;

extern "C" void note(int signal) {
  came = 1;
  std::signal(signal, SIG_DFL);
}

}  // namespace

void watch_for_interrupt() {
  std::signal(SIGINT, note);
  std::signal(SIGTERM, note);
  std::signal(SIGPIPE, SIG_IGN);
}

bool interrupted() { return came != 0; }

void throw_if_interrupted() {
  if (interrupted()) throw Interrupted();
}

}  // namespace sinter::cli
