#include "release/plan/release_set.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"

namespace gantry::plan {
namespace {

using ::gantry::matrix::v1::Family;
using ::gantry::matrix::v1::Lock;
using ::gantry::matrix::v1::LockedRelease;
using ::gantry::matrix::v1::Matrix;

bool IsInChannel(const LockedRelease& release, absl::string_view channel) {
  return std::find(release.channels().begin(), release.channels().end(),
                   channel) != release.channels().end();
}

// Whether two releases have files of the same content.  URLs and signatures may
// differ, because each channel has its own.
bool HaveSameFiles(const LockedRelease& a, const LockedRelease& b) {
  return a.developer_container().digest() == b.developer_container().digest() &&
         a.kernel_image().digest() == b.kernel_image().digest() &&
         std::equal(a.packages().begin(), a.packages().end(),
                    b.packages().begin(), b.packages().end(),
                    [](const auto& left, const auto& right) {
                      return left.digest() == right.digest();
                    });
}

}  // namespace

absl::Status ReleaseSet::AddChannel(
    const std::string& channel, const std::vector<LockedRelease>& releases) {
  for (const LockedRelease& release : releases) {
    const auto known = releases_.find(release.name());
    if (known != releases_.end() && !HaveSameFiles(known->second, release)) {
      return absl::DataLossError(absl::StrCat(
          release.name(), ": its files differ from those in channel ",
          absl::StrJoin(known->second.channels(), ", ")));
    }
  }
  for (const LockedRelease& release : releases) Insert(channel, release);
  return absl::OkStatus();
}

void ReleaseSet::KeepChannel(Family family, const std::string& channel,
                             const Lock& older) {
  for (const LockedRelease& release : older.releases()) {
    if (release.family() == family && IsInChannel(release, channel)) {
      Insert(channel, release);
    }
  }
}

void ReleaseSet::Insert(const std::string& channel,
                        const LockedRelease& release) {
  const auto [known, is_new] = releases_.emplace(release.name(), release);
  if (is_new) known->second.clear_channels();
  known->second.add_channels(channel);
}

std::vector<LockedRelease> ReleaseSet::Releases(const Matrix& matrix) const {
  std::vector<LockedRelease> releases;
  for (const auto& [name, release] : releases_) {
    releases.push_back(release);
    releases.back().clear_channels();
    for (const auto& os : matrix.operating_systems()) {
      if (os.family() != release.family()) continue;
      for (const auto& channel : os.channels()) {
        if (IsInChannel(release, channel.name())) {
          releases.back().add_channels(channel.name());
        }
      }
    }
  }
  return releases;
}

}  // namespace gantry::plan
