#include "release/job/lock_heads.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/digest.h"
#include "base/message_digest.h"
#include "base/version_order.h"
#include "proto/recipe.pb.h"
#include "release/job/work_plan.h"

namespace gantry::job {
namespace {

using ::gantry::matrix::v1::Family;
using ::gantry::matrix::v1::Lock;
using ::gantry::matrix::v1::LockedRelease;
using ::gantry::release::v1::CellPlan;
using ::gantry::release::v1::ChannelHead;
using ::gantry::release::v1::Fragment;

bool IsNewer(const LockedRelease* a, const LockedRelease* b) {
  const int order = CompareVersions(a->version(), b->version());
  return order != 0 ? order > 0 : a->name() < b->name();
}

// Each channel's releases, newest first.
std::map<ChannelKey, std::vector<const LockedRelease*>> ReleasesByChannel(
    const Lock& lock) {
  std::map<ChannelKey, std::vector<const LockedRelease*>> releases;
  for (const LockedRelease& release : lock.releases()) {
    for (const std::string& channel : release.channels()) {
      releases[{release.family(), channel}].push_back(&release);
    }
  }
  for (auto& [key, list] : releases) {
    std::sort(list.begin(), list.end(), IsNewer);
  }
  return releases;
}

// Each channel's plans, and the sources of their fragments, as digests.
std::map<ChannelKey, std::string> PlansByChannel(
    const Lock& lock, const std::vector<CellPlan>& plans,
    const std::vector<Fragment>& fragments) {
  std::map<std::string, Family> families;
  for (const LockedRelease& release : lock.releases()) {
    families[release.name()] = release.family();
  }
  std::map<std::string, std::string> sources;
  for (const Fragment& fragment : fragments) {
    sources[fragment.reference().digest()] = MessageDigest(fragment.sources());
  }
  std::map<ChannelKey, std::string> by_channel;
  for (const CellPlan& plan : plans) {
    std::string text = MessageDigest(plan);
    for (const auto& fragment : plan.recipe().fragments()) {
      absl::StrAppend(&text, sources[fragment.digest()]);
    }
    for (const std::string& channel : plan.channels()) {
      by_channel[{families[plan.coordinates().os_release()], channel}] += text;
    }
  }
  return by_channel;
}

}  // namespace

Heads HeadsOfLock(const Lock& lock, const std::vector<CellPlan>& plans,
                  const std::vector<Fragment>& fragments,
                  const std::vector<std::string>& channels) {
  std::map<ChannelKey, std::string> plans_by_channel =
      PlansByChannel(lock, plans, fragments);
  Heads heads;
  for (const auto& [key, releases] : ReleasesByChannel(lock)) {
    if (!IsSelected(key.second, channels)) continue;
    ChannelHead& head = heads[key];
    head.set_family(key.first);
    head.set_name(key.second);
    for (const LockedRelease* release : releases) {
      auto& entry = *head.add_releases();
      entry.set_name(release->name());
      entry.set_version(release->version());
    }
    head.set_plan_digest(Sha256Digest(plans_by_channel[key]));
  }
  return heads;
}

}  // namespace gantry::job
