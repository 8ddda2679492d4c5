#ifndef GANTRY_RELEASE_JOB_SIGNAL_FORWARDER_H_
#define GANTRY_RELEASE_JOB_SIGNAL_FORWARDER_H_

#include <signal.h>

namespace gantry::job {

// Forwards SIGINT and SIGTERM of this process to another process, as SIGINT,
// while this object exists.  This process continues, so that it can wait for
// the other and record the interruption.  At most one object may exist at a
// time.
class SignalForwarder {
 public:
  explicit SignalForwarder(pid_t pid);
  ~SignalForwarder();
  SignalForwarder(const SignalForwarder&) = delete;
  SignalForwarder& operator=(const SignalForwarder&) = delete;

  // Whether a signal has been received.
  bool interrupted() const;

 private:
  struct sigaction old_interrupt_;
  struct sigaction old_terminate_;
};

}  // namespace gantry::job

#endif  // GANTRY_RELEASE_JOB_SIGNAL_FORWARDER_H_
