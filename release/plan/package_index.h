#ifndef GANTRY_RELEASE_PLAN_PACKAGE_INDEX_H_
#define GANTRY_RELEASE_PLAN_PACKAGE_INDEX_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "proto/lock.pb.h"

namespace gantry::plan {

// One version of a Debian package, from a suite's Packages file.
struct DebianPackage {
  std::string name;
  std::string version;
  // Source package and its version; default to `name` and `version`.
  std::string source;
  std::string source_version;
  std::string url;
  // "sha256:<hex>".
  std::string digest;
  int64_t size = 0;
};

matrix::v1::RemoteFile ToRemoteFile(const DebianPackage& package);

// The packages of one or more suites, with all their versions.
class PackageIndex {
 public:
  // Adds the packages of one Packages file (Debian wiki, "DebianRepository/
  // Format", "Packages Indices"), whose paths are relative to `archive_uri`.  A
  // version that another file has already added is ignored.  DATA_LOSS, naming
  // the package: a field is missing.
  absl::Status Add(absl::string_view packages_file,
                   absl::string_view archive_uri);

  // All versions of a package, from new to old.
  std::vector<const DebianPackage*> Versions(absl::string_view name) const;

  // All packages whose names start with `prefix`, ordered by name, then from
  // new to old.
  std::vector<const DebianPackage*> WithPrefix(absl::string_view prefix) const;

 private:
  // Versions by name, from new to old.
  std::map<std::string, std::vector<DebianPackage>, std::less<>> packages_;
};

}  // namespace gantry::plan

#endif  // GANTRY_RELEASE_PLAN_PACKAGE_INDEX_H_
