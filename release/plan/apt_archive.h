#ifndef GANTRY_RELEASE_PLAN_APT_ARCHIVE_H_
#define GANTRY_RELEASE_PLAN_APT_ARCHIVE_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace gantry::plan {

// A line that apt-get prints with --print-uris: 'URI' name size [hash].
struct PrintedUri {
  std::string uri;
  std::string name;
  int64_t size = 0;
  // "sha256:<hex>", or empty.
  std::string digest;
};

// Parses such lines.  DATA_LOSS, naming the line: it has another form.
absl::StatusOr<std::vector<PrintedUri>> ParsePrintedUris(
    absl::string_view text);

// The Debian archives that a machine's apt uses.
struct DebianArchives {
  // Base URI of the main archive.
  std::string archive;
  // Base URI of the security archive; empty if the machine does not use one.
  std::string security;
};

// Finds Debian's archives among a machine's apt sources, by origin and label in
// their Release files.  The first source of each kind is used.  `indexes` is
// the output of `apt-get update --print-uris`.  `release_file` returns the
// content of an InRelease file by the name under which apt stores it; empty if
// apt has no such file.
//
// FAILED_PRECONDITION: no source is Debian's main archive.
absl::StatusOr<DebianArchives> FindDebianArchives(
    const std::vector<PrintedUri>& indexes,
    const std::function<std::string(const std::string& name)>& release_file);

// The value of a field of a Release or InRelease file; empty if it has no such
// field.
absl::string_view ReleaseField(absl::string_view release_file,
                               absl::string_view field);

// A sources.list(5) with everything that Debian publishes for `suite`: the
// suite, its updates and its security updates, with all components.
std::string FormatSourcesList(const DebianArchives& archives,
                              absl::string_view suite);

}  // namespace gantry::plan

#endif  // GANTRY_RELEASE_PLAN_APT_ARCHIVE_H_
