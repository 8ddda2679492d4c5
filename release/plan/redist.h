#ifndef GANTRY_RELEASE_PLAN_REDIST_H_
#define GANTRY_RELEASE_PLAN_REDIST_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "proto/lock.pb.h"
#include "proto/matrix.pb.h"

namespace gantry::plan {

// The archives for linux-x86_64 in one of NVIDIA's redist manifests
// (redistrib_<version>.json).  `components` says which, in that order; empty:
// all that are made for the platform, by name.  Where a component has a variant
// for each major version of CUDA, that of `cuda_version` is taken.
//
// NOT_FOUND: a component is not there, or not for the platform.  DATA_LOSS: it
// is no such manifest.
absl::StatusOr<std::vector<matrix::v1::RemoteFile>> ParseRedistManifest(
    absl::string_view json, absl::string_view base_url,
    const std::vector<std::string>& components, absl::string_view cuda_version);

// The newest version in a redist folder's listing (the web server's page of
// links) that is `branch` or below it.  NOT_FOUND: none.
absl::StatusOr<std::string> NewestRedistVersion(absl::string_view listing,
                                                absl::string_view branch);

// A RedistDriver, all but its patches.  A version in three parts is looked up
// directly, a shorter one through the folder's listing.  Uses the network.
absl::StatusOr<matrix::v1::LockedDriver> ResolveRedistDriver(
    const matrix::v1::Driver& driver);

// The same for a RedistCuda.
absl::StatusOr<matrix::v1::LockedToolkit> ResolveRedistToolkit(
    const matrix::v1::CudaToolkit& toolkit);

}  // namespace gantry::plan

#endif  // GANTRY_RELEASE_PLAN_REDIST_H_
