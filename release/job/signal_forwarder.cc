#include "release/job/signal_forwarder.h"

#include <atomic>
#include <cerrno>

namespace gantry::job {
namespace {

// What the handler needs; lock-free, as handlers demand.
std::atomic<pid_t> target{0};
std::atomic<bool> signalled{false};

void Forward(int) {
  const int saved_errno = errno;
  signalled = true;
  kill(target, SIGINT);
  errno = saved_errno;
}

}  // namespace

SignalForwarder::SignalForwarder(pid_t pid) {
  target = pid;
  signalled = false;
  struct sigaction action = {};
  action.sa_handler = Forward;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, &old_interrupt_);
  sigaction(SIGTERM, &action, &old_terminate_);
}

SignalForwarder::~SignalForwarder() {
  sigaction(SIGINT, &old_interrupt_, nullptr);
  sigaction(SIGTERM, &old_terminate_, nullptr);
}

bool SignalForwarder::interrupted() const { return signalled; }

}  // namespace gantry::job
