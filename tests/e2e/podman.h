#ifndef GANTRY_TESTS_E2E_PODMAN_H_
#define GANTRY_TESTS_E2E_PODMAN_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/subprocess.h"
#include "base/temp_dir.h"

namespace gantry::e2e {

// A container engine with separate storage.  Needs root.
class Podman {
 public:
  // Stores images and containers in `directory`, which must exist.
  static absl::StatusOr<Podman> Create(const std::string& directory);

  // Unmounts what podman leaves mounted in `directory`.
  ~Podman();
  Podman(Podman&&) = default;

  // Pulls from a registry without TLS.
  absl::Status Pull(const std::string& reference) const;

  // Runs the image's entrypoint as a node does: in a privileged container
  // without network, with `rootfs` mounted at /rootfs.
  absl::StatusOr<SubprocessResult> RunOnRootfs(
      const std::string& reference, const std::string& rootfs,
      const std::vector<std::string>& arguments) const;

 private:
  Podman(std::string directory, TempDir run_root)
      : directory_(std::move(directory)), run_root_(std::move(run_root)) {}

  absl::StatusOr<SubprocessResult> Run(
      const std::vector<std::string>& arguments) const;

  std::string directory_;
  // podman refuses paths of more than 50 characters for it.
  TempDir run_root_;
};

}  // namespace gantry::e2e

#endif  // GANTRY_TESTS_E2E_PODMAN_H_
