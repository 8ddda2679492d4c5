#ifndef GANTRY_TESTS_E2E_RELEASE_SITE_H_
#define GANTRY_TESTS_E2E_RELEASE_SITE_H_

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/fixtures/openpgp_signer.h"

namespace gantry::e2e {

// A release of a Container Linux distribution, as it is published.
struct PublishedRelease {
  // "coreos" or "flatcar".
  std::string family;
  std::string channel;
  std::string version;
  // The compressed developer container and the kernel, wherever they are.
  std::string developer_container;
  std::string kernel_image;
};

// A folder laid out like the release servers of CoreOS and Flatcar
// (<channel>/amd64-usr/<version>/), with files that are signed by a key of its
// own.
class ReleaseSite {
 public:
  // `directory` must exist.
  static absl::StatusOr<ReleaseSite> Create(const std::string& directory);

  // Publishes the release and makes it the channel's current one.
  absl::Status Publish(const PublishedRelease& release);

  // The armored public key, a file in the folder.
  std::string keyring_path() const;

  // Path of a release's file in the folder.
  std::string FilePath(const PublishedRelease& release,
                       const std::string& name) const;

  // Name of the release's developer container.
  static std::string ContainerName(const PublishedRelease& release);

 private:
  ReleaseSite(std::string directory, fixtures::OpenPgpSigner signer)
      : directory_(std::move(directory)), signer_(std::move(signer)) {}

  absl::Status PublishFile(const PublishedRelease& release,
                           const std::string& source, const std::string& name);

  std::string directory_;
  fixtures::OpenPgpSigner signer_;
};

}  // namespace gantry::e2e

#endif  // GANTRY_TESTS_E2E_RELEASE_SITE_H_
