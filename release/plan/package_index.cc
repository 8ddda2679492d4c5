#include "release/plan/package_index.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "base/version_order.h"

namespace gantry::plan {
namespace {

// The relevant fields of one paragraph.
struct Paragraph {
  absl::string_view package, version, source, filename, size, sha256;
};

// Sets the field of `line`, if it is relevant.
void SetField(absl::string_view line, Paragraph& paragraph) {
  const std::pair<absl::string_view, absl::string_view*> fields[] = {
      {"Package:", &paragraph.package}, {"Version:", &paragraph.version},
      {"Source:", &paragraph.source},   {"Filename:", &paragraph.filename},
      {"Size:", &paragraph.size},       {"SHA256:", &paragraph.sha256},
  };
  for (const auto& [name, value] : fields) {
    if (absl::StartsWith(line, name)) {
      *value = absl::StripAsciiWhitespace(line.substr(name.size()));
      return;
    }
  }
}

absl::Status ToPackage(const Paragraph& paragraph,
                       absl::string_view archive_uri, DebianPackage& package) {
  package.name = std::string(paragraph.package);
  package.version = std::string(paragraph.version);
  // "Source: name" or "Source: name (version)".
  const size_t open = paragraph.source.find(" (");
  package.source = std::string(paragraph.source.substr(0, open));
  if (open != absl::string_view::npos) {
    package.source_version =
        std::string(absl::StripSuffix(paragraph.source.substr(open + 2), ")"));
  }
  if (package.source.empty()) package.source = package.name;
  if (package.source_version.empty()) package.source_version = package.version;
  // Escaped as in URIs that apt prints.
  package.url = absl::StrReplaceAll(JoinPath(archive_uri, paragraph.filename),
                                    {{"+", "%2b"}, {"~", "%7e"}});
  package.digest = absl::StrCat("sha256:", paragraph.sha256);
  const bool complete = !package.name.empty() && !package.version.empty() &&
                        !paragraph.filename.empty() &&
                        absl::SimpleAtoi(paragraph.size, &package.size) &&
                        ValidateDigest(package.digest).ok();
  if (!complete) {
    return absl::DataLossError(absl::StrCat(
        "package \"", package.name,
        "\": Package, Version, Filename, Size or SHA256 is missing"));
  }
  return absl::OkStatus();
}

}  // namespace

matrix::v1::RemoteFile ToRemoteFile(const DebianPackage& package) {
  matrix::v1::RemoteFile file;
  file.set_url(package.url);
  file.set_digest(package.digest);
  file.set_size(package.size);
  return file;
}

absl::Status PackageIndex::Add(absl::string_view packages_file,
                               absl::string_view archive_uri) {
  while (!packages_file.empty()) {
    Paragraph paragraph;
    bool empty = true;
    while (!packages_file.empty()) {
      const size_t end = packages_file.find('\n');
      const absl::string_view line = packages_file.substr(0, end);
      packages_file.remove_prefix(
          end == absl::string_view::npos ? packages_file.size() : end + 1);
      if (line.empty()) break;
      empty = false;
      SetField(line, paragraph);
    }
    if (empty) continue;
    DebianPackage package;
    GANTRY_RETURN_IF_ERROR(
        Annotate(ToPackage(paragraph, archive_uri, package), archive_uri));
    std::vector<DebianPackage>& versions = packages_[package.name];
    const auto position = std::find_if(
        versions.begin(), versions.end(), [&](const DebianPackage& other) {
          return CompareVersions(other.version, package.version) <= 0;
        });
    // Suites overlap; the first to add a version is used.
    if (position != versions.end() && position->version == package.version)
      continue;
    versions.insert(position, std::move(package));
  }
  return absl::OkStatus();
}

std::vector<const DebianPackage*> PackageIndex::Versions(
    absl::string_view name) const {
  std::vector<const DebianPackage*> result;
  const auto found = packages_.find(name);
  if (found == packages_.end()) return result;
  for (const DebianPackage& package : found->second) {
    result.push_back(&package);
  }
  return result;
}

std::vector<const DebianPackage*> PackageIndex::WithPrefix(
    absl::string_view prefix) const {
  std::vector<const DebianPackage*> result;
  for (auto i = packages_.lower_bound(prefix);
       i != packages_.end() && absl::StartsWith(i->first, prefix); ++i) {
    for (const DebianPackage& package : i->second) result.push_back(&package);
  }
  return result;
}

}  // namespace gantry::plan
