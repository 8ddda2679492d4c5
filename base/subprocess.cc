#include "base/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"

extern char** environ;

namespace gantry {
namespace {

constexpr size_t kErrorTail = 2000;

// How often a process that has closed its output is asked whether it has
// exited.
constexpr absl::Duration kReapInterval = absl::Milliseconds(5);

struct Pipe {
  UniqueFd read, write;
};

absl::StatusOr<Pipe> MakePipe() {
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) != 0) return ErrnoStatus(errno, "pipe");
  return Pipe{UniqueFd(fds[0]), UniqueFd(fds[1])};
}

std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& s : strings) pointers.push_back(&s[0]);
  pointers.push_back(nullptr);
  return pointers;
}

// Starts the program as the leader of a new process group with the given
// descriptors as 0, 1 and 2.
absl::StatusOr<pid_t> Spawn(const SubprocessOptions& options, int in, int out,
                            int err) {
  if (options.argv.empty()) return absl::InvalidArgumentError("empty argv");
  std::vector<std::string> arguments = options.argv;
  std::vector<char*> argv = Pointers(arguments);
  std::vector<std::string> variables;
  std::vector<char*> envp;
  if (options.environment.has_value()) {
    for (const auto& [name, value] : *options.environment) {
      variables.push_back(absl::StrCat(name, "=", value));
    }
    envp = Pointers(variables);
  }

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  const absl::Cleanup free_actions = [&] {
    posix_spawn_file_actions_destroy(&actions);
  };
  posix_spawn_file_actions_adddup2(&actions, in, 0);
  posix_spawn_file_actions_adddup2(&actions, out, 1);
  posix_spawn_file_actions_adddup2(&actions, err, 2);
  if (!options.working_directory.empty()) {
    posix_spawn_file_actions_addchdir_np(&actions,
                                         options.working_directory.c_str());
  }

  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  const absl::Cleanup free_attributes = [&] {
    posix_spawnattr_destroy(&attributes);
  };
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  sigset_t defaults;
  sigemptyset(&defaults);
  for (int s : {SIGINT, SIGTERM, SIGPIPE, SIGHUP}) sigaddset(&defaults, s);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP |
                                            POSIX_SPAWN_SETSIGMASK |
                                            POSIX_SPAWN_SETSIGDEF);
  pid_t pid = -1;
  const int error =
      posix_spawnp(&pid, argv[0], &actions, &attributes, argv.data(),
                   options.environment.has_value() ? envp.data() : environ);
  if (error != 0) return ErrnoStatus(error, options.argv[0]);
  return pid;
}

int ExitCode(int wait_status) {
  return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status)
                                : 128 + WTERMSIG(wait_status);
}

int Reap(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return ExitCode(status);
}

// Waits for the process, which has closed its output, until the deadline.
// nullopt: it has not exited by then.
absl::optional<int> ReapUntil(pid_t pid, absl::Time deadline) {
  if (deadline == absl::InfiniteFuture()) return Reap(pid);
  int status = 0;
  while (waitpid(pid, &status, WNOHANG) != pid) {
    if (absl::Now() >= deadline) return absl::nullopt;
    absl::SleepFor(kReapInterval);
  }
  return ExitCode(status);
}

// Moves bytes between a child and memory until the child closes its ends.
class Exchange {
 public:
  Exchange(const SubprocessOptions& options, UniqueFd in, UniqueFd out,
           UniqueFd err)
      : options_(options),
        in_(std::move(in)),
        out_(std::move(out)),
        err_(std::move(err)),
        unwritten_(options.input) {}

  // Returns false if the deadline passed first.
  bool Run(absl::Time deadline, SubprocessResult& result) {
    if (unwritten_.empty()) in_.Close();
    while (out_.ok() || err_.ok()) {
      pollfd fds[] = {{in_.get(), POLLOUT, 0},
                      {out_.get(), POLLIN, 0},
                      {err_.get(), POLLIN, 0}};
      const int ready = poll(fds, 3, Milliseconds(deadline));
      if (ready == 0 && absl::Now() >= deadline) return false;
      if (ready <= 0) continue;
      if (fds[0].revents != 0) WriteSome();
      if (fds[1].revents != 0) ReadSome(out_, result.output, true);
      if (fds[2].revents != 0) ReadSome(err_, result.error_output, false);
    }
    return true;
  }

 private:
  static int Milliseconds(absl::Time deadline) {
    if (deadline == absl::InfiniteFuture()) return -1;
    const int64_t left = absl::ToInt64Milliseconds(deadline - absl::Now());
    return static_cast<int>(std::clamp<int64_t>(left, 0, 1000000));
  }

  void WriteSome() {
    const ssize_t wrote = write(in_.get(), unwritten_.data(),
                                std::min<size_t>(unwritten_.size(), PIPE_BUF));
    if (wrote > 0) unwritten_.remove_prefix(wrote);
    // EPIPE: the child has closed its standard input.
    if (unwritten_.empty() || (wrote < 0 && errno != EINTR)) in_.Close();
  }

  void ReadSome(UniqueFd& fd, std::string& into, bool is_output) {
    char buffer[1 << 16];
    const ssize_t got = read(fd.get(), buffer, sizeof(buffer));
    if (got < 0 && errno == EINTR) return;
    if (got <= 0) {
      fd.Close();
    } else if (is_output && options_.on_output) {
      options_.on_output(absl::string_view(buffer, got));
    } else {
      into.append(buffer, got);
    }
  }

  const SubprocessOptions& options_;
  UniqueFd in_, out_, err_;
  absl::string_view unwritten_;
};

}  // namespace

absl::StatusOr<SubprocessResult> RunSubprocess(
    const SubprocessOptions& options) {
  // Writing to a child that has exited must fail with EPIPE, not kill this
  // process.
  signal(SIGPIPE, SIG_IGN);
  GANTRY_ASSIGN_OR_RETURN(Pipe in, MakePipe());
  GANTRY_ASSIGN_OR_RETURN(Pipe out, MakePipe());
  Pipe err;
  if (!options.merge_stderr) {
    GANTRY_ASSIGN_OR_RETURN(err, MakePipe());
  }
  GANTRY_ASSIGN_OR_RETURN(
      const pid_t pid,
      Spawn(options, in.read.get(), out.write.get(),
            options.merge_stderr ? out.write.get() : err.write.get()));
  if (options.on_start) options.on_start(pid);
  in.read.Close();
  out.write.Close();
  err.write.Close();

  SubprocessResult result;
  Exchange exchange(options, std::move(in.write), std::move(out.read),
                    std::move(err.read));
  const absl::Time deadline = absl::Now() + options.timeout;
  const absl::optional<int> exit_code =
      exchange.Run(deadline, result) ? ReapUntil(pid, deadline) : absl::nullopt;
  if (!exit_code.has_value()) {
    kill(-pid, SIGKILL);
    Reap(pid);
    return absl::DeadlineExceededError(
        absl::StrCat(options.argv[0], " was killed after ",
                     absl::FormatDuration(options.timeout)));
  }
  result.exit_code = *exit_code;
  return result;
}

absl::StatusOr<std::string> RunCommand(const std::vector<std::string>& argv) {
  SubprocessOptions options;
  options.argv = argv;
  GANTRY_ASSIGN_OR_RETURN(SubprocessResult result, RunSubprocess(options));
  if (result.exit_code == 0) return std::move(result.output);
  absl::string_view tail =
      absl::StripTrailingAsciiWhitespace(result.error_output);
  if (tail.size() > kErrorTail) tail.remove_prefix(tail.size() - kErrorTail);
  return absl::InternalError(
      absl::StrCat(argv[0], " exited with ", result.exit_code, ": ", tail));
}

absl::StatusOr<BackgroundProcess> BackgroundProcess::Start(
    const SubprocessOptions& options) {
  GANTRY_ASSIGN_OR_RETURN(Pipe out, MakePipe());
  const UniqueFd null(open("/dev/null", O_RDONLY | O_CLOEXEC));
  UniqueFd log;
  if (!options.error_log.empty()) {
    log = UniqueFd(open(options.error_log.c_str(),
                        O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    if (!log.ok()) return ErrnoStatus(errno, options.error_log);
  }
  GANTRY_ASSIGN_OR_RETURN(const pid_t pid,
                          Spawn(options, null.get(), out.write.get(),
                                log.ok() ? log.get() : STDERR_FILENO));
  return BackgroundProcess(pid, std::move(out.read));
}

BackgroundProcess::BackgroundProcess(BackgroundProcess&& other)
    : pid_(other.pid_),
      output_(std::move(other.output_)),
      running_(std::exchange(other.running_, false)),
      exit_code_(other.exit_code_),
      buffered_(std::move(other.buffered_)) {}

BackgroundProcess::~BackgroundProcess() {
  if (!running_) return;
  kill(-pid_, SIGKILL);
  Reap(pid_);
}

absl::StatusOr<std::string> BackgroundProcess::ReadLine() {
  while (true) {
    const size_t end = buffered_.find('\n');
    if (end != std::string::npos) {
      std::string line = buffered_.substr(0, end);
      buffered_.erase(0, end + 1);
      return line;
    }
    char buffer[4096];
    const ssize_t got = read(output_.get(), buffer, sizeof(buffer));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return absl::OutOfRangeError("the program closed its output");
    buffered_.append(buffer, got);
  }
}

void BackgroundProcess::Signal(int signal_number) {
  if (running_) kill(pid_, signal_number);
}

bool BackgroundProcess::HasExited() {
  int status = 0;
  if (running_ && waitpid(pid_, &status, WNOHANG) == pid_) {
    running_ = false;
    exit_code_ = ExitCode(status);
  }
  return !running_;
}

int BackgroundProcess::Wait() {
  if (std::exchange(running_, false)) exit_code_ = Reap(pid_);
  return exit_code_;
}

}  // namespace gantry
