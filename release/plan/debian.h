#ifndef GANTRY_RELEASE_PLAN_DEBIAN_H_
#define GANTRY_RELEASE_PLAN_DEBIAN_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/lock.pb.h"
#include "proto/matrix.pb.h"
#include "release/plan/package_index.h"

namespace gantry::plan {

// What the matrix means in terms of one Debian suite's packages.  All are
// pure, and give NOT_FOUND, naming the channel or package, for what the suite
// does not have.

// The kernel releases that a channel of FAMILY_DEBIAN asks for, from new to
// old, or in the channel's own order where it names them.  A kernel counts if
// the suite has its image and its headers.
absl::StatusOr<std::vector<std::string>> ResolveKernels(
    const matrix::v1::Channel& channel, const PackageIndex& packages);

// The newest version of a DebianDriver, all but its patches.
absl::StatusOr<matrix::v1::LockedDriver> ResolveDebianDriver(
    const matrix::v1::Driver& driver, const PackageIndex& packages);

// A DebianCuda with each package's newest version that belongs to the toolkit:
// its source package is nvidia-cuda-toolkit, at the toolkit's version.
absl::StatusOr<matrix::v1::LockedToolkit> ResolveDebianToolkit(
    const matrix::v1::CudaToolkit& toolkit, const PackageIndex& packages);

}  // namespace gantry::plan

#endif  // GANTRY_RELEASE_PLAN_DEBIAN_H_
