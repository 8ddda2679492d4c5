#ifndef GANTRY_RELEASE_PLAN_APT_ARCHIVE_H_
#define GANTRY_RELEASE_PLAN_APT_ARCHIVE_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace gantry::plan {

// One line of what apt prints for --print-uris: 'URI' name size [hash].
struct PrintedUri {
  std::string uri;
  std::string name;
  int64_t size = 0;
  // "sha256:<hex>", or empty.
  std::string digest;
};

// DATA_LOSS names a line that has another form.
absl::StatusOr<std::vector<PrintedUri>> ParsePrintedUris(
    absl::string_view text);

// Where a machine gets Debian from.
struct DebianArchives {
  // Base URI of the archive.
  std::string archive;
  // Base URI of the security archive; empty: the machine has none.
  std::string security;
};

// Picks Debian's archives among a machine's apt sources, by what their Release
// files say of their origin and label; the first of each kind counts.
// `indexes` is what `apt-get update --print-uris` says.  `release_file` gives
// the content of an InRelease file by the name that apt stores it under; empty
// if there is none.
//
// FAILED_PRECONDITION: Debian is not among them.
absl::StatusOr<DebianArchives> FindDebianArchives(
    const std::vector<PrintedUri>& indexes,
    const std::function<std::string(const std::string& name)>& release_file);

// The value of a field of a Release file, signed or not; empty if it has none.
absl::string_view ReleaseField(absl::string_view release_file,
                               absl::string_view field);

// A sources.list(5) with all that Debian publishes for `suite`: the suite, its
// updates and its security updates, with all components.
std::string SourcesList(const DebianArchives& archives,
                        absl::string_view suite);

}  // namespace gantry::plan

#endif  // GANTRY_RELEASE_PLAN_APT_ARCHIVE_H_
