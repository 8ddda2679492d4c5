#ifndef GANTRY_RELEASE_PLAN_DEBIAN_RELEASES_H_
#define GANTRY_RELEASE_PLAN_DEBIAN_RELEASES_H_

#include <vector>

#include "absl/status/statusor.h"
#include "proto/lock.pb.h"
#include "proto/matrix.pb.h"
#include "release/plan/apt_suite.h"

namespace gantry::plan {

// The releases of a channel of FAMILY_DEBIAN, one for each of its kernels, with
// the packages of their developer containers and without their `channels`. Runs
// apt.
//
// FAILED_PRECONDITION: the suite has no version.  Other errors are those of
// ResolveKernels() and AptSuite::ResolveDependencies().
absl::StatusOr<std::vector<matrix::v1::LockedRelease>> ResolveDebianReleases(
    const matrix::v1::Channel& channel, const AptSuite& suite);

}  // namespace gantry::plan

#endif  // GANTRY_RELEASE_PLAN_DEBIAN_RELEASES_H_
