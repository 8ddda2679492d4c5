#include "release/plan/apt_archive.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace gantry::plan {
namespace {

// `target` excludes translations and other indexes that the machine's apt is
// configured to fetch.
constexpr char kSourceOptions[] =
    "deb [arch=amd64 target=Packages "
    "signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ";
constexpr char kComponents[] = " main contrib non-free non-free-firmware\n";

bool ParsePrintedUri(absl::string_view line, PrintedUri& entry) {
  if (!absl::ConsumePrefix(&line, "'")) return false;
  const size_t end = line.find("' ");
  if (end == absl::string_view::npos) return false;
  entry.uri = std::string(line.substr(0, end));
  const std::vector<absl::string_view> rest =
      absl::StrSplit(line.substr(end + 2), ' ', absl::SkipEmpty());
  if (rest.size() < 2 || !absl::SimpleAtoi(rest[1], &entry.size)) return false;
  entry.name = std::string(rest[0]);
  if (rest.size() > 2 && absl::StartsWith(rest[2], "SHA256:")) {
    entry.digest = absl::StrCat("sha256:", rest[2].substr(7));
  }
  return true;
}

}  // namespace

absl::StatusOr<std::vector<PrintedUri>> ParsePrintedUris(
    absl::string_view text) {
  std::vector<PrintedUri> entries;
  for (absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    PrintedUri entry;
    if (!ParsePrintedUri(line, entry)) {
      return absl::DataLossError(
          absl::StrCat("apt-get --print-uris: \"", line, "\""));
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

absl::string_view ReleaseField(absl::string_view release_file,
                               absl::string_view field) {
  for (absl::string_view line : absl::StrSplit(release_file, '\n')) {
    if (absl::ConsumePrefix(&line, field) && absl::ConsumePrefix(&line, ":")) {
      return absl::StripAsciiWhitespace(line);
    }
  }
  return "";
}

absl::StatusOr<DebianArchives> FindDebianArchives(
    const std::vector<PrintedUri>& indexes,
    const std::function<std::string(const std::string& name)>& release_file) {
  DebianArchives archives;
  for (const PrintedUri& index : indexes) {
    const size_t dists = index.uri.rfind("/dists/");
    if (dists == std::string::npos ||
        !absl::EndsWith(index.uri, "/InRelease")) {
      continue;
    }
    const std::string release = release_file(index.name);
    if (ReleaseField(release, "Origin") != "Debian") continue;
    const absl::string_view label = ReleaseField(release, "Label");
    std::string* const archive = label == "Debian" ? &archives.archive
                                 : label == "Debian-Security"
                                     ? &archives.security
                                     : nullptr;
    if (archive != nullptr && archive->empty()) {
      *archive = index.uri.substr(0, dists);
    }
  }
  if (archives.archive.empty()) {
    return absl::FailedPreconditionError(
        "no apt source of this machine is Debian's archive (\"Origin: Debian\" "
        "and \"Label: Debian\" in its Release file); add one");
  }
  return archives;
}

std::string FormatSourcesList(const DebianArchives& archives,
                              absl::string_view suite) {
  std::string list =
      absl::StrCat(kSourceOptions, archives.archive, " ", suite, kComponents);
  // Rolling suites have no -updates and -security suites.
  if (suite == "sid" || suite == "unstable") return list;
  absl::StrAppend(&list, kSourceOptions, archives.archive, " ", suite,
                  "-updates", kComponents);
  if (!archives.security.empty()) {
    absl::StrAppend(&list, kSourceOptions, archives.security, " ", suite,
                    "-security", kComponents);
  }
  return list;
}

}  // namespace gantry::plan
