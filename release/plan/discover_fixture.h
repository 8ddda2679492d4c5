#ifndef GANTRY_RELEASE_PLAN_DISCOVER_FIXTURE_H_
#define GANTRY_RELEASE_PLAN_DISCOVER_FIXTURE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/file.h"
#include "base/state_dir.h"
#include "base/temp_dir.h"
#include "gtest/gtest.h"
#include "proto/lock.pb.h"
#include "release/plan/discover.h"
#include "tests/fixtures/fake_release_site.h"

namespace gantry::plan {

// A matrix with the channels stable and beta of Flatcar and alpha of CoreOS,
// and a site on loopback with their releases and a toolkit.
class DiscoverTest : public testing::Test {
 protected:
  void SetUp() override;

  void ReplaceInMatrix(const std::string& old, const std::string& replacement);

  fixtures::FakeRelease Release(absl::string_view family,
                                absl::string_view channel,
                                absl::string_view version) const {
    return {std::string(family), std::string(channel), std::string(version),
            PathOf("container"), PathOf("kernel")};
  }
  fixtures::FakeRelease Stable(absl::string_view version) const {
    return Release("flatcar", "stable", version);
  }
  fixtures::FakeRelease Beta(absl::string_view version) const {
    return Release("flatcar", "beta", version);
  }

  std::string PathOf(absl::string_view path) const {
    return JoinPath(directory_->path(), path);
  }
  std::string matrix_path() const { return PathOf("matrix/matrix.textproto"); }
  std::string Url(absl::string_view path) const { return site_->Url(path); }

  // Appends to `channel_errors_`.
  DiscoverOptions Options(std::vector<std::string> channels = {});
  absl::StatusOr<matrix::v1::Lock> RunDiscover(
      std::vector<std::string> channels = {});

  // Runs discovery and writes its lock.
  matrix::v1::Lock DiscoverAndWriteLock();

  std::unique_ptr<TempDir> directory_;
  std::unique_ptr<StateDir> state_;
  std::unique_ptr<fixtures::FakeReleaseSite> site_;
  std::vector<std::string> channel_errors_;

 private:
  void PublishEverything();
  void WriteMatrix();
};

// What errors of channels advise about files that cannot be trusted, and about
// missing ones.
inline constexpr char kDistrust[] =
    "; the server's files cannot be trusted, unless the keyring is out of "
    "date: "
    "update it, or report the files to their publisher";
inline constexpr char kCheckTheMatrix[] =
    "; check the channel, its versions and its URLs in the matrix";

std::vector<std::string> ReleaseNames(const matrix::v1::Lock& lock);

// "<name> of <family>" of each channel that failed.
std::vector<std::string> FailedChannelNames(const matrix::v1::Lock& lock);

}  // namespace gantry::plan

#endif  // GANTRY_RELEASE_PLAN_DISCOVER_FIXTURE_H_
