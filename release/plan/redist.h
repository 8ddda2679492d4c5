#ifndef GANTRY_RELEASE_PLAN_REDIST_H_
#define GANTRY_RELEASE_PLAN_REDIST_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/http.h"
#include "proto/lock.pb.h"
#include "proto/matrix.pb.h"

namespace gantry::plan {

// The archives for linux-x86_64 in one of NVIDIA's redist manifests
// (redistrib_<version>.json), in the order of `components`; if that is empty,
// all of the platform except nvidia_driver and nsight*, ordered by name.  Of a
// component with variants for major
// versions of CUDA, the variant for `cuda_version` is used.
//
// NOT_FOUND: a component does not exist, or has no archive for the platform.
// DATA_LOSS: not a valid manifest.
absl::StatusOr<std::vector<matrix::v1::RemoteFile>> ParseRedistManifest(
    absl::string_view json, absl::string_view base_url,
    const std::vector<std::string>& components, absl::string_view cuda_version);

// The newest version in a redist directory's listing (the web server's page of
// links) that has the prefix `branch`; see HasVersionPrefix().  NOT_FOUND:
// none.
absl::StatusOr<std::string> FindNewestRedistVersion(absl::string_view listing,
                                                    absl::string_view branch);

// Resolves a RedistDriver.  Of a version with fewer than three components the
// newest in the directory's listing is used.  The result has no patches.  Uses
// the network.
absl::StatusOr<matrix::v1::LockedDriver> ResolveRedistDriver(
    const matrix::v1::Driver& driver, const HttpGetOptions& http);

// Resolves a RedistCuda in the same way.  The result has the full version.
absl::StatusOr<matrix::v1::LockedToolkit> ResolveRedistToolkit(
    const matrix::v1::CudaToolkit& toolkit, const HttpGetOptions& http);

}  // namespace gantry::plan

#endif  // GANTRY_RELEASE_PLAN_REDIST_H_
