#ifndef GANTRY_RELEASE_PLAN_APT_SUITES_H_
#define GANTRY_RELEASE_PLAN_APT_SUITES_H_

#include <functional>
#include <map>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "release/plan/apt_archive.h"
#include "release/plan/apt_suite.h"

namespace gantry::plan {

// The suites of the machine's Debian archives.  Not thread-safe.
class AptSuites {
 public:
  // Keeps apt's files in subdirectories of `directory`.  `progress`, if set, is
  // called with a line before a suite is opened.
  AptSuites(std::string directory,
            std::function<void(absl::string_view)> progress)
      : directory_(std::move(directory)), progress_(std::move(progress)) {}

  // Opens a suite on first use.  The result is valid as long as this object.
  // Errors are those of FindMachineArchives() and AptSuite::Open(); a suite
  // that cannot be opened is not tried again, because apt takes minutes to give
  // up.
  absl::StatusOr<const AptSuite*> Get(const std::string& name);

 private:
  absl::StatusOr<AptSuite> Open(const std::string& name);

  const std::string directory_;
  const std::function<void(absl::string_view)> progress_;
  absl::optional<DebianArchives> archives_;
  std::map<std::string, absl::StatusOr<AptSuite>> suites_;
};

}  // namespace gantry::plan

#endif  // GANTRY_RELEASE_PLAN_APT_SUITES_H_
