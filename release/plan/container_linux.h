#ifndef GANTRY_RELEASE_PLAN_CONTAINER_LINUX_H_
#define GANTRY_RELEASE_PLAN_CONTAINER_LINUX_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/lock.pb.h"
#include "proto/matrix.pb.h"

namespace gantry::plan {

// The releases that a channel of FAMILY_COREOS or FAMILY_FLATCAR asks for, from
// new to old, or in the channel's own order where it names them.  Uses the
// network.
//
// What a release is called comes from its version.txt, whose signature must be
// good by `keyring_path`.  Its files' SHA-512 come from the .DIGESTS beside
// them; their signatures are for whoever downloads them to check.
//
// NOT_FOUND: there is no such release, or it lacks a file.  UNAVAILABLE: the
// server cannot be reached.  DATA_LOSS: a bad signature or a file that makes
// no sense.  All name the URL.
absl::StatusOr<std::vector<matrix::v1::LockedRelease>>
ResolveContainerLinuxReleases(const matrix::v1::OperatingSystem& os,
                              const matrix::v1::Channel& channel,
                              const std::string& keyring_path);

}  // namespace gantry::plan

#endif  // GANTRY_RELEASE_PLAN_CONTAINER_LINUX_H_
