#include "release/plan/apt_suites.h"

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/status_macros.h"

namespace gantry::plan {

absl::StatusOr<const AptSuite*> AptSuites::Get(const std::string& name) {
  auto known = suites_.find(name);
  if (known == suites_.end()) known = suites_.emplace(name, Open(name)).first;
  if (!known->second.ok()) return known->second.status();
  return &*known->second;
}

absl::StatusOr<AptSuite> AptSuites::Open(const std::string& name) {
  if (progress_) progress_(absl::StrCat("Debian ", name, ": package lists"));
  if (!archives_.has_value()) {
    GANTRY_ASSIGN_OR_RETURN(
        archives_, FindMachineArchives(JoinPath(directory_, "machine")));
  }
  return AptSuite::Open(JoinPath(directory_, name), *archives_, name);
}

}  // namespace gantry::plan
