#ifndef GANTRY_RELEASE_JOB_SIGNAL_FORWARDER_H_
#define GANTRY_RELEASE_JOB_SIGNAL_FORWARDER_H_

#include <signal.h>
#include <sys/types.h>

namespace gantry::job {

// While this lives, SIGINT and SIGTERM to this process become SIGINT to
// another, so that this one can record that it was interrupted instead of
// leaving the other behind.  One at a time in a process.
class SignalForwarder {
 public:
  explicit SignalForwarder(pid_t pid);
  ~SignalForwarder();
  SignalForwarder(const SignalForwarder&) = delete;
  SignalForwarder& operator=(const SignalForwarder&) = delete;

  // Whether any signal came.
  bool interrupted() const;

 private:
  struct sigaction old_interrupt_;
  struct sigaction old_terminate_;
};

}  // namespace gantry::job

#endif  // GANTRY_RELEASE_JOB_SIGNAL_FORWARDER_H_
