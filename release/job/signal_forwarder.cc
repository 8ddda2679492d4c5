#include "release/job/signal_forwarder.h"

#include <atomic>
#include <cerrno>

namespace gantry::job {
namespace {

// Read by the handler, hence lock-free.
std::atomic<pid_t> target{0};
std::atomic<bool> received{false};

void Forward(int) {
  const int saved_errno = errno;
  received = true;
  kill(target, SIGINT);
  errno = saved_errno;
}

}  // namespace

SignalForwarder::SignalForwarder(pid_t pid) {
  target = pid;
  received = false;
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

bool SignalForwarder::interrupted() const { return received; }

}  // namespace gantry::job
