#ifndef GANTRY_BASE_SUBPROCESS_H_
#define GANTRY_BASE_SUBPROCESS_H_

#include <sys/types.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"

namespace gantry {

// What to run, and how.
struct SubprocessOptions {
  // The program (looked up on this process's PATH if it has no slash) and its
  // arguments.  No shell is involved.
  std::vector<std::string> argv;

  // The whole environment; unset: this process's.
  absl::optional<std::map<std::string, std::string>> environment;

  // Empty: this process's.
  std::string working_directory;

  // Written to its standard input, which is then closed.
  std::string input;

  // Adds standard error to SubprocessResult::output.
  bool merge_stderr = false;

  // If set, gets each piece of output (and of standard error, with
  // `merge_stderr`) as it arrives, and SubprocessResult::output stays empty.
  std::function<void(absl::string_view)> on_output;

  // If set, is called with the process id once the process has started.
  std::function<void(pid_t)> on_start;

  // BackgroundProcess only: the file that standard error is appended to. Empty:
  // this process's standard error.
  std::string error_log;

  // After this long the process and all in its process group are killed, and
  // the result is DEADLINE_EXCEEDED.
  absl::Duration timeout = absl::InfiniteDuration();
};

struct SubprocessResult {
  // Exit code, or 128 + signal.
  int exit_code = 0;
  std::string output;
  std::string error_output;
};

// Runs a program to its end.  An exit code other than 0 is not an error here.
// NOT_FOUND: no such program.  DEADLINE_EXCEEDED: see `timeout`.
absl::StatusOr<SubprocessResult> RunSubprocess(
    const SubprocessOptions& options);

// Runs a program and returns its standard output.  An exit code other than 0
// is INTERNAL, with the program's name, the code, and the end of what it wrote
// to standard error.
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

  // The next line of its standard output, without the line end.
  // OUT_OF_RANGE: it has closed its output.
  absl::StatusOr<std::string> ReadLine();

  // Sends the signal to the process (not to its group).
  void Signal(int signal_number);

  // Whether the process has exited.  Does not wait.
  bool HasExited();

  // Waits until the process exits.  Returns its exit code, or 128 + signal.
  int Wait();

 private:
  BackgroundProcess(pid_t pid, int output) : pid_(pid), output_(output) {}

  pid_t pid_;
  int output_;
  bool running_ = true;
  int exit_code_ = 0;
  std::string buffered_;
};

}  // namespace gantry

#endif  // GANTRY_BASE_SUBPROCESS_H_
