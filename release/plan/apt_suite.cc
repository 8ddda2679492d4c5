#include "release/plan/apt_suite.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "base/file.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "base/subprocess.h"

namespace gantry::plan {
namespace {

using ::gantry::matrix::v1::RemoteFile;

constexpr char kAptHelper[] = "/usr/lib/apt/apt-helper";

// Overrides the machine's settings: apt reads this file after them
// (apt.conf(5)).  The hooks would change the machine's caches.  Without a
// sandbox user the directory need not be accessible to _apt.
constexpr char kPrivateState[] = R"(Dir::State "%1$s";
Dir::State::lists "%1$s/lists/";
Dir::State::status "%1$s/status";
Dir::Cache "%1$s/cache";
Dir::Cache::pkgcache "pkgcache.bin";
APT::Sandbox::User "root";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
)";

// Fetches Release files only.
constexpr char kNoIndexes[] = "#clear Acquire::IndexTargets;\n";

constexpr char kPrivateSources[] = R"(Dir::Etc::SourceList "%1$s/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
APT::Default-Release "";
APT::Install-Recommends "false";
APT::Architecture "amd64";
#clear APT::Architectures;
APT::Architectures:: "amd64";
Acquire::ForceHash "SHA256";
Acquire::AllowInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
)";

std::string ConfigPath(const std::string& directory) {
  return JoinPath(directory, "apt.conf");
}

// Creates a private apt directory with this configuration.
absl::Status CreateAptDirectory(const std::string& directory,
                                const std::string& config) {
  GANTRY_RETURN_IF_ERROR(CreateDirectories(directory + "/lists/partial"));
  GANTRY_RETURN_IF_ERROR(
      CreateDirectories(directory + "/cache/archives/partial"));
  GANTRY_RETURN_IF_ERROR(WriteFileAtomically(directory + "/status", ""));
  return WriteFileAtomically(ConfigPath(directory), config);
}

absl::StatusOr<SubprocessResult> RunAptGet(
    const std::string& directory, const std::vector<std::string>& arguments) {
  SubprocessOptions options;
  options.argv = {"apt-get", "-c", ConfigPath(directory)};
  options.argv.insert(options.argv.end(), arguments.begin(), arguments.end());
  return RunSubprocess(options);
}

// apt's error messages, in one line.
std::string AptErrors(const SubprocessResult& result) {
  std::vector<absl::string_view> errors;
  for (absl::string_view line :
       absl::StrSplit(result.error_output, '\n', absl::SkipEmpty())) {
    if (absl::ConsumePrefix(&line, "E: ")) errors.push_back(line);
  }
  if (errors.empty()) {
    return absl::StrCat("exited with ", result.exit_code, ": ",
                        absl::StripAsciiWhitespace(result.error_output));
  }
  return absl::StrJoin(errors, "; ");
}

absl::StatusOr<std::vector<PrintedUri>> PrintUris(
    const std::string& directory, std::vector<std::string> arguments) {
  arguments.push_back("--print-uris");
  GANTRY_ASSIGN_OR_RETURN(const SubprocessResult result,
                          RunAptGet(directory, arguments));
  if (result.exit_code != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("apt-get ", arguments[0], ": ", AptErrors(result)));
  }
  return ParsePrintedUris(result.output);
}

}  // namespace

absl::StatusOr<DebianArchives> FindMachineArchives(
    const std::string& directory) {
  GANTRY_RETURN_IF_ERROR(CreateAptDirectory(
      directory,
      absl::StrCat(absl::StrFormat(kPrivateState, directory), kNoIndexes)));
  GANTRY_ASSIGN_OR_RETURN(
      const SubprocessResult update,
      RunAptGet(directory, {"-qq", "--error-on=any", "update"}));
  GANTRY_ASSIGN_OR_RETURN(const std::vector<PrintedUri> indexes,
                          PrintUris(directory, {"update"}));
  absl::StatusOr<DebianArchives> archives =
      FindDebianArchives(indexes, [&](const std::string& name) {
        return ReadFile(JoinPath(directory + "/lists", name)).value_or("");
      });
  // A broken source matters only if it may be Debian's.
  if (!archives.ok() && update.exit_code != 0) {
    return absl::UnavailableError(
        absl::StrCat("apt-get update: ", AptErrors(update)));
  }
  return archives;
}

absl::StatusOr<AptSuite> AptSuite::Open(const std::string& directory,
                                        const DebianArchives& archives,
                                        const std::string& suite) {
  GANTRY_RETURN_IF_ERROR(CreateAptDirectory(
      directory, absl::StrCat(absl::StrFormat(kPrivateState, directory),
                              absl::StrFormat(kPrivateSources, directory))));
  GANTRY_RETURN_IF_ERROR(WriteFileAtomically(
      directory + "/sources.list", FormatSourcesList(archives, suite)));
  GANTRY_ASSIGN_OR_RETURN(
      const SubprocessResult update,
      RunAptGet(directory, {"-qq", "--error-on=any", "update"}));
  if (update.exit_code != 0) {
    return absl::UnavailableError(absl::StrCat("apt-get update, Debian ", suite,
                                               ": ", AptErrors(update)));
  }
  AptSuite result(directory, suite);
  GANTRY_RETURN_IF_ERROR(result.LoadIndexes());
  return result;
}

absl::Status AptSuite::LoadIndexes() {
  GANTRY_ASSIGN_OR_RETURN(
      const std::string targets,
      RunCommand({"apt-get", "-c", ConfigPath(directory_), "indextargets",
                  "--format",
                  "$(FILENAME)\t$(REPO_URI)\t$(RELEASE)\t$(VERSION)",
                  "Created-By: Packages"}));
  for (absl::string_view line :
       absl::StrSplit(targets, '\n', absl::SkipEmpty())) {
    const std::vector<std::string> fields = absl::StrSplit(line, '\t');
    if (fields.size() != 4) {
      return absl::DataLossError(
          absl::StrCat("apt-get indextargets: \"", line, "\""));
    }
    // The version of a point release, such as "12.15" of Debian 12.
    if (fields[2] == name_) {
      version_id_ = fields[3].substr(0, fields[3].find('.'));
    }
    GANTRY_ASSIGN_OR_RETURN(
        const std::string content,
        RunCommand(
            {kAptHelper, "-c", ConfigPath(directory_), "cat-file", fields[0]}));
    GANTRY_RETURN_IF_ERROR(packages_.Add(content, fields[1]));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<RemoteFile>> AptSuite::ResolveDependencies(
    const std::vector<std::string>& packages, const std::string& status) const {
  GANTRY_RETURN_IF_ERROR(WriteFileAtomically(directory_ + "/status", status));
  // Without -qq apt-get prints its progress between the URIs.
  std::vector<std::string> arguments = {"install", "-qq"};
  arguments.insert(arguments.end(), packages.begin(), packages.end());
  absl::StatusOr<std::vector<PrintedUri>> entries =
      PrintUris(directory_, std::move(arguments));
  if (!entries.ok()) {
    return Annotate(entries.status(), absl::StrCat("Debian ", name_));
  }
  std::sort(
      entries->begin(), entries->end(),
      [](const PrintedUri& a, const PrintedUri& b) { return a.name < b.name; });
  std::vector<RemoteFile> files;
  for (const PrintedUri& entry : *entries) {
    if (entry.digest.empty()) {
      return absl::DataLossError(
          absl::StrCat(entry.uri, ": apt has no SHA-256 of this file"));
    }
    RemoteFile file;
    file.set_url(entry.uri);
    file.set_digest(entry.digest);
    file.set_size(entry.size);
    files.push_back(std::move(file));
  }
  return files;
}

}  // namespace gantry::plan
