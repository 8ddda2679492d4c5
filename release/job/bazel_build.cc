#include "release/job/bazel_build.h"

#include <sys/types.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "base/file.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "base/subprocess.h"
#include "base/temp_dir.h"
#include "release/job/signal_forwarder.h"

namespace gantry::job {
namespace {

// Exit codes of Bazel (bazel.build/run/scripts#exit-codes): all targets were
// built, or some were not.
constexpr int kSuccess = 0;
constexpr int kBuildFailed = 1;

constexpr size_t kLogTail = 2000;

// Between two looks at the events of a running Bazel.
constexpr absl::Duration kPollInterval = absl::Seconds(2);

// Writes to a file, and calls `on_line` for each complete line.
class LineTee {
 public:
  LineTee(std::FILE* file, std::function<void(absl::string_view)> on_line)
      : file_(file), on_line_(std::move(on_line)) {}

  void Add(absl::string_view piece) {
    std::fwrite(piece.data(), 1, piece.size(), file_);
    std::fflush(file_);
    absl::StrAppend(&pending_, piece);
    size_t start = 0;
    for (size_t end; (end = pending_.find('\n', start)) != std::string::npos;
         start = end + 1) {
      on_line_(absl::string_view(pending_).substr(start, end - start));
    }
    pending_.erase(0, start);
  }

 private:
  std::FILE* const file_;
  const std::function<void(absl::string_view)> on_line_;
  std::string pending_;
};

// Reports targets as soon as Bazel's events have them.
class BuiltTargets {
 public:
  BuiltTargets(const BazelBuildOptions& options, std::string events_path)
      : options_(options), events_path_(std::move(events_path)) {}

  // Reads the events again if the last time is a while ago.
  void Poll() {
    const absl::Time now = absl::Now();
    if (!options_.on_built || now < next_poll_) return;
    // Events that are not complete are ignored.
    const auto delimited = ReadFile(events_path_);
    if (delimited.ok()) {
      const auto events = ParseBuildEvents(*delimited);
      if (events.ok()) Report(*events);
    }
    next_poll_ = absl::Now() + kPollInterval;
  }

  void Report(const BuildEvents& events) {
    if (!options_.on_built) return;
    for (const auto& [label, target] : events.targets) {
      if (!target.failure.has_value() && reported_.insert(label).second) {
        options_.on_built(label, target, events.execution_root);
      }
    }
  }

 private:
  const BazelBuildOptions& options_;
  const std::string events_path_;
  absl::Time next_poll_ = absl::InfinitePast();
  std::set<std::string> reported_;
};

std::vector<std::string> CommandLine(const BazelBuildOptions& options,
                                     const std::string& events_path) {
  std::vector<std::string> argv = options.bazel;
  argv.push_back("build");
  argv.insert(argv.end(), options.options.begin(), options.options.end());
  for (absl::string_view option :
       {"--keep_going", "--curses=no", "--color=no", "--show_result=0",
        "--show_progress_rate_limit=1", "--verbose_failures=false"}) {
    argv.emplace_back(option);
  }
  argv.push_back(absl::StrCat("--build_event_binary_file=", events_path));
  // Otherwise files in a remote cache have bytestream:// URIs.
  argv.emplace_back("--nobuild_event_binary_file_path_conversion");
  if (!options.output_groups.empty()) {
    argv.push_back(absl::StrCat(
        "--output_groups=",
        absl::StrJoin(options.output_groups, ",",
                      [](std::string* out, const std::string& group) {
                        absl::StrAppend(out, "+", group);
                      })));
  }
  argv.push_back("--");
  argv.insert(argv.end(), options.labels.begin(), options.labels.end());
  return argv;
}

absl::Status BazelFailed(int exit_code, const std::string& log_path) {
  const std::string log = ReadFile(log_path).value_or("");
  absl::string_view tail = absl::StripAsciiWhitespace(log);
  if (tail.size() > kLogTail) tail.remove_prefix(tail.size() - kLogTail);
  return absl::InternalError(absl::StrCat("bazel exited with ", exit_code, " (",
                                          log_path, "):\n", tail));
}

}  // namespace

std::vector<std::string> BazelFromEnvironment() {
  const char* bazel = getenv("GANTRY_BAZEL");
  if (bazel == nullptr) return {"bazel"};
  std::vector<std::string> argv = {bazel};
  const char* startup = getenv("GANTRY_BAZEL_STARTUP_OPTIONS");
  if (startup != nullptr) {
    for (absl::string_view option :
         absl::StrSplit(startup, '\n', absl::SkipEmpty())) {
      argv.emplace_back(option);
    }
  }
  return argv;
}

absl::StatusOr<BuildEvents> BuildWithBazel(const BazelBuildOptions& options) {
  GANTRY_ASSIGN_OR_RETURN(const TempDir temp, TempDir::Create());
  const std::string events_path = JoinPath(temp.path(), "events.binpb");
  std::FILE* log = std::fopen(options.log_path.c_str(), "w");
  if (log == nullptr) return ErrnoStatus(errno, options.log_path);
  const absl::Cleanup close_log = [log] { std::fclose(log); };

  LineTee tee(log, [&](absl::string_view line) {
    const absl::string_view progress = ProgressOfLine(line);
    if (!progress.empty() && options.on_status) options.on_status(progress);
  });
  SubprocessOptions bazel;
  bazel.argv = CommandLine(options, events_path);
  bazel.working_directory = options.workspace;
  bazel.merge_stderr = true;
  BuiltTargets built(options, events_path);
  bazel.on_output = [&](absl::string_view piece) {
    tee.Add(piece);
    built.Poll();
  };
  absl::optional<SignalForwarder> forwarder;
  bazel.on_start = [&](pid_t pid) { forwarder.emplace(pid); };
  GANTRY_ASSIGN_OR_RETURN(const SubprocessResult result, RunSubprocess(bazel));
  // Also if Bazel was killed: what is built is built.
  const absl::StatusOr<std::string> delimited = ReadFile(events_path);
  absl::StatusOr<BuildEvents> events =
      delimited.ok() ? ParseBuildEvents(*delimited) : delimited.status();
  if (events.ok()) built.Report(*events);
  if (forwarder->interrupted()) return absl::CancelledError("interrupted");
  if (result.exit_code != kSuccess && result.exit_code != kBuildFailed) {
    return BazelFailed(result.exit_code, options.log_path);
  }
  GANTRY_RETURN_IF_ERROR(events.status());
  if (!events->finished || events->targets.empty()) {
    return BazelFailed(result.exit_code, options.log_path);
  }
  return events;
}

absl::string_view ProgressOfLine(absl::string_view line) {
  line = absl::StripAsciiWhitespace(line);
  const bool is_progress = absl::StartsWith(line, "[") ||
                           absl::StartsWith(line, "Loading:") ||
                           absl::StartsWith(line, "Analyzing:") ||
                           absl::StartsWith(line, "Fetching");
  if (!is_progress) return "";
  // "; 33s linux-sandbox ... (4 actions running)": ends after the time.
  const size_t time = line.rfind("; ");
  if (time != absl::string_view::npos) {
    line = line.substr(0, line.find(' ', time + 2));
  }
  return line;
}

}  // namespace gantry::job
