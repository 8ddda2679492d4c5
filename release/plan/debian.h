#ifndef GANTRY_RELEASE_PLAN_DEBIAN_H_
#define GANTRY_RELEASE_PLAN_DEBIAN_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/lock.pb.h"
#include "proto/matrix.pb.h"
#include "release/plan/package_index.h"

namespace gantry::plan {

// Resolution of the matrix with the packages of one Debian suite.  These
// functions are pure.  NOT_FOUND, naming the kernel or package: the suite does
// not have it.

// The kernel releases of a channel of FAMILY_DEBIAN: those that it lists, in
// that order, or its newest, from new to old.  Only kernels with both image and
// headers in the suite are considered.
absl::StatusOr<std::vector<std::string>> ResolveKernels(
    const matrix::v1::Channel& channel, const PackageIndex& packages);

// Resolves a DebianDriver to its newest version.  The result has no patches.
absl::StatusOr<matrix::v1::LockedDriver> ResolveDebianDriver(
    const matrix::v1::Driver& driver, const PackageIndex& packages);

// Resolves a DebianCuda to the newest version of each package that belongs to
// the toolkit: its source package is nvidia-cuda-toolkit, at the toolkit's
// version.
absl::StatusOr<matrix::v1::LockedToolkit> ResolveDebianToolkit(
    const matrix::v1::CudaToolkit& toolkit, const PackageIndex& packages);

}  // namespace gantry::plan

#endif  // GANTRY_RELEASE_PLAN_DEBIAN_H_
