#ifndef GANTRY_RELEASE_PUBLISH_SKOPEO_H_
#define GANTRY_RELEASE_PUBLISH_SKOPEO_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace gantry::publish {

// What skopeo does with a registry's repository, such as
// "registry.example/fleet/gantry".  As container engines do, it does not use
// TLS for loopback addresses (127.0.0.0/8, [::1], localhost).  Credentials are
// those of `skopeo login`.
//
// UNAVAILABLE, with skopeo's error: the registry does not answer, or rejects
// what it is asked for.

// Copies an image within `repository`, or to or from it.  `source` and
// `destination` are skopeo's names of images: "docker://<repository>:<tag>",
// "oci:<directory>:<tag>".
absl::Status SkopeoCopy(const std::string& source,
                        const std::string& destination,
                        const std::string& repository);

// The bytes of a manifest; `name` is "@<digest>" or ":<tag>".  NOT_FOUND: the
// registry says that it does not have it.
absl::StatusOr<std::string> InspectManifest(const std::string& repository,
                                            const std::string& name);

// All tags; none if the registry does not have the repository.
absl::StatusOr<std::vector<std::string>> ListTags(
    const std::string& repository);

// Deletes a manifest, and all of its tags; `name` is as above.
// FAILED_PRECONDITION: the registry does not permit deleting.
absl::Status DeleteManifest(const std::string& repository,
                            const std::string& name);

}  // namespace gantry::publish

#endif  // GANTRY_RELEASE_PUBLISH_SKOPEO_H_
