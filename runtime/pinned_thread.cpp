#include "runtime/pinned_thread.h"

namespace sinter {

PinnedThread::PinnedThread(int thread, int threads) {
  if (threads == 1 || sched_getaffinity(0, sizeof allowed_, &allowed_) != 0) return;
  int skip = thread % CPU_COUNT(&allowed_);
  int core = 0;
  while (!CPU_ISSET(core, &allowed_) || skip-- > 0) ++core;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(core, &one);
  pinned_ = sched_setaffinity(0, sizeof one, &one) == 0;
}

PinnedThread::~PinnedThread() {
  if (pinned_) sched_setaffinity(0, sizeof allowed_, &allowed_);
}

}  // namespace sinter
