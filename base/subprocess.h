#ifndef GANTRY_BASE_SUBPROCESS_H_
#define GANTRY_BASE_SUBPROCESS_H_

#include <sys/types.h>

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "base/unique_fd.h"

namespace gantry {

// What to run, and how.
struct SubprocessOptions {
  // The program (looked up on this process's PATH if it has no slash) and its
  // arguments.  No shell is used.
  std::vector<std::string> argv;

  // The whole environment; unset: that of this process.
  absl::optional<std::map<std::string, std::string>> environment;

  // Empty: that of this process.
  std::string working_directory;

  // Written to its standard input, which is then closed.
  std::string input;

  // Adds standard error to SubprocessResult::output.
  bool merge_stderr = false;

  // If set, called with each piece of output (and of standard error, with
  // `merge_stderr`) as it arrives; SubprocessResult::output then stays empty.
  std::function<void(absl::string_view)> on_output;

  // If set, called with the process id once the process has started.
  std::function<void(pid_t)> on_start;

  // BackgroundProcess only: the file that standard error is appended to. Empty:
  // this process's standard error.
  std::string error_log;

  // After this time the whole process group is killed, and the result is
  // DEADLINE_EXCEEDED.
  absl::Duration timeout = absl::InfiniteDuration();
};

struct SubprocessResult {
  // Exit code, or 128 + signal.
  int exit_code = 0;
  std::string output;
  std::string error_output;
};

// Runs a program until it exits.  An exit code other than 0 is not an error.
// NOT_FOUND: no such program.  DEADLINE_EXCEEDED: see `timeout`.  From the
// first call on, this process ignores SIGPIPE.
absl::StatusOr<SubprocessResult> RunSubprocess(
    const SubprocessOptions& options);

// Runs a program and returns its standard output.  INTERNAL, with the program's
// name, the code and the end of standard error: it exited with a code other
// than 0.
absl::StatusOr<std::string> RunCommand(const std::vector<std::string>& argv);

// A program that runs concurrently in a separate process group, which is killed
// when this object is destroyed.  Not thread-safe.
class BackgroundProcess {
 public:
  // Standard input is empty.  `options.input`, `merge_stderr`, `on_output`,
  // `on_start` and `timeout` are not used.
  static absl::StatusOr<BackgroundProcess> Start(
      const SubprocessOptions& options);

  BackgroundProcess(BackgroundProcess&& other);
  BackgroundProcess& operator=(BackgroundProcess&&) = delete;
  ~BackgroundProcess();

  pid_t pid() const { return pid_; }

  // The next line of standard output, without the newline.  Blocks.
  // OUT_OF_RANGE: the program has closed its output.
  absl::StatusOr<std::string> ReadLine();

  // Sends the signal to the process (not to its group).
  void Signal(int signal_number);

  // Whether the process has exited.  Does not wait.
  bool HasExited();

  // Waits until the process exits.  Returns its exit code, or 128 + signal.
  int Wait();

 private:
  BackgroundProcess(pid_t pid, UniqueFd output)
      : pid_(pid), output_(std::move(output)) {}

  pid_t pid_;
  UniqueFd output_;
  bool running_ = true;
  int exit_code_ = 0;
  std::string buffered_;
};

}  // namespace gantry

#endif  // GANTRY_BASE_SUBPROCESS_H_
