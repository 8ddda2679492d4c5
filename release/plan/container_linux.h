#ifndef GANTRY_RELEASE_PLAN_CONTAINER_LINUX_H_
#define GANTRY_RELEASE_PLAN_CONTAINER_LINUX_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/http.h"
#include "proto/lock.pb.h"
#include "proto/matrix.pb.h"

namespace gantry::plan {

// The releases of a channel of FAMILY_COREOS or FAMILY_FLATCAR: those that it
// lists, in that order, or its newest, from new to old, without their
// `channels`.  Uses the network.
//
// A release's version comes from its version.txt, whose signature is verified
// with `keyring_path` and the fingerprints in `os`.  A release of Flatcar that
// the server offers as a channel's newest must be of that channel according to
// its version.txt; one that the matrix lists may be of any.  For CoreOS this is
// not known.  SHA-512 digests of its files come from their .DIGESTS. The
// signatures of the files themselves are verified when they are downloaded.
//
// NOT_FOUND: a release or one of its files does not exist.  UNAVAILABLE: the
// server cannot be reached.  DATA_LOSS: a bad signature or a malformed file.
// All errors name the URL.
absl::StatusOr<std::vector<matrix::v1::LockedRelease>>
ResolveContainerLinuxReleases(const matrix::v1::OperatingSystem& os,
                              const matrix::v1::Channel& channel,
                              const std::string& keyring_path,
                              const HttpGetOptions& http);

}  // namespace gantry::plan

#endif  // GANTRY_RELEASE_PLAN_CONTAINER_LINUX_H_
