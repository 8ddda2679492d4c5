#include "payload/node/plan.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "payload/node/exit_code.h"
#include "payload/node/exit_code_matchers.h"
#include "payload/node/test_host.h"
#include "proto/payload_manifest.pb.h"

namespace gantry::node {
namespace {

using ::testing::Not;
using Found = TargetState::Found;

constexpr int64_t kPlenty = int64_t{1} << 40;
constexpr int64_t kMargin = 16 << 20;

// A target with one directory and one file of `size` bytes.
InstallTarget Target(const std::string& name, const std::string& directory,
                     int64_t size) {
  InstallTarget target;
  target.name = name;
  target.base = "opt/" + name;
  target.directory = directory;
  InstallEntry entry;
  entry.path = "lib64";
  entry.type = payload::v1::FILE_TYPE_DIRECTORY;
  target.entries.push_back(entry);
  entry.path = "lib64/lib.so";
  entry.type = payload::v1::FILE_TYPE_REGULAR;
  entry.size = size;
  target.entries.push_back(entry);
  return target;
}

std::vector<InstallTarget> Targets() {
  return {Target("nvidia", "535/flatcar-1", 1000),
          Target("cuda", "12.4", 5000)};
}

TargetState State(Found found) {
  TargetState state;
  state.found = found;
  state.space.device = 1;
  state.space.path = "/rootfs/opt";
  state.space.block_size = 4096;
  state.space.bytes = kPlenty;
  state.space.inodes = kPlenty;
  return state;
}

HostSnapshot FreshHost() {
  HostSnapshot host;
  host.targets = {State(Found::kNothing), State(Found::kNothing)};
  host.has_ldconfig = true;
  return host;
}

HostSnapshot InstalledHost() {
  HostSnapshot host;
  host.targets = {State(Found::kIntact), State(Found::kIntact)};
  host.targets[0].current = "535/flatcar-1";
  host.targets[1].current = "12.4";
  host.ld_conf_is_current = true;
  host.has_ldconfig = true;
  return host;
}

std::string Described(const HostSnapshot& host) {
  const auto plan = MakePlan(Targets(), host);
  if (!plan.ok()) return std::string(plan.status().message());
  return DescribePlan(Targets(), *plan);
}

TEST(PlanTest, FreshHostNeedsAllSteps) {
  EXPECT_EQ(Described(FreshHost()),
            "install /opt/nvidia/535/flatcar-1: 1 files, 1.0 kB (not "
            "installed)\n"
            "install /opt/cuda/12.4: 1 files, 5.0 kB (not installed)\n"
            "link /opt/nvidia/current -> 535/flatcar-1\n"
            "link /opt/cuda/current -> 12.4\n"
            "write /etc/ld.so.conf.d/gantry.conf\n"
            "run ldconfig\n");
}

TEST(PlanTest, InstalledHostNeedsNothing) {
  EXPECT_EQ(Described(InstalledHost()), "nothing to do: already installed\n");
  EXPECT_FALSE(MakePlan(Targets(), InstalledHost())->HasChanges());
}

TEST(PlanTest, DamagedDirectoryIsReplaced) {
  HostSnapshot host = InstalledHost();
  host.targets[1].found = Found::kDifferent;
  host.targets[1].difference = "lib64/lib.so is missing";
  EXPECT_EQ(Described(host),
            "replace /opt/cuda/12.4: 1 files, 5.0 kB (lib64/lib.so is "
            "missing)\n"
            "run ldconfig\n");
}

TEST(PlanTest, OnlyTheLinkToAnotherVersionIsSwitched) {
  HostSnapshot host = InstalledHost();
  host.targets[1].current = "11.8";
  EXPECT_EQ(Described(host), "link /opt/cuda/current -> 12.4\nrun ldconfig\n");
}

TEST(PlanTest, MissedLdconfigRunsWithoutCountingAsAChange) {
  HostSnapshot host = InstalledHost();
  host.ld_cache_is_stale = true;
  EXPECT_EQ(Described(host), "run ldconfig\n");
  EXPECT_FALSE(MakePlan(Targets(), host)->HasChanges());
  host.has_ldconfig = false;
  EXPECT_EQ(Described(host), "nothing to do: already installed\n");
}

TEST(PlanTest, ForeignThingsAreRefusedEvenIfThereIsTooLittleSpace) {
  HostSnapshot host = FreshHost();
  for (TargetState& state : host.targets) state.space.bytes = 0;
  host.ld_conf_conflict = "is a link";
  EXPECT_EQ(Described(host),
            "/etc/ld.so.conf.d/gantry.conf was not installed by this "
            "installer: it is a link; move it away and run this again");
  host.targets[1].current_conflict = "is a file";
  EXPECT_EQ(Described(host),
            "/opt/cuda/current was not installed by this installer: it is a "
            "file; move it away and run this again");
  host.targets[0].found = Found::kForeign;
  host.targets[0].difference = "has no receipt";
  EXPECT_THAT(
      MakePlan(Targets(), host).status(),
      FailsWith(
          ExitCode::kForeign,
          "/opt/nvidia/535/flatcar-1 was not installed by this installer: it "
          "has no receipt; move it away and run this again"));
}

TEST(PlanTest, DirectoryThatIsNotRemovableIsNotReplaced) {
  HostSnapshot host = InstalledHost();
  host.targets[1].found = Found::kDifferent;
  host.targets[1].removable = absl::FailedPreconditionError("mounted");
  EXPECT_EQ(Described(host), "mounted");
}

TEST(PlanTest, SpaceIsCountedInBlocksAndPerFileSystem) {
  // Blocks of 4096: 1 + 1 for nvidia, 1 + 2 for CUDA.
  HostSnapshot host = FreshHost();
  const int64_t needed = kMargin + 5 * 4096;
  for (TargetState& state : host.targets) state.space.bytes = needed;
  EXPECT_THAT(MakePlan(Targets(), host), IsOk());
  for (TargetState& state : host.targets) state.space.bytes = needed - 1;
  EXPECT_THAT(
      MakePlan(Targets(), host).status(),
      FailsWith(
          ExitCode::kNoSpace,
          "not enough space on /rootfs/opt: 16797696 bytes (16.8 MB) needed, "
          "16797695 bytes (16.8 MB) free"));

  host.targets[1].space.device = 2;
  EXPECT_THAT(MakePlan(Targets(), host), IsOk());
}

TEST(PlanTest, InodesCountOnlyIfTheyAreLimited) {
  HostSnapshot host = FreshHost();
  for (TargetState& state : host.targets) state.space.inodes = 64 + 3;
  EXPECT_THAT(
      MakePlan(Targets(), host).status(),
      FailsWith(ExitCode::kNoSpace,
                "not enough space on /rootfs/opt: 68 inodes needed, 67 free"));
  for (TargetState& state : host.targets) state.space.inodes.reset();
  EXPECT_THAT(MakePlan(Targets(), host), IsOk());
}

TEST(PlanTest, NothingToStageNeedsNoSpace) {
  HostSnapshot host = InstalledHost();
  for (TargetState& state : host.targets) state.space.bytes = 0;
  EXPECT_THAT(MakePlan(Targets(), host), IsOk());
}

TEST(CheckHostTest, AnotherReleaseOrKernelIsRefused) {
  cell::v1::CellCoordinates payload;
  payload.set_os_release(kTestOsRelease);
  payload.set_kernel_release(kTestKernel);
  EXPECT_THAT(CheckHost(payload, {kTestOsRelease, kTestKernel}), IsOk());
  EXPECT_THAT(
      CheckHost(payload, {"flatcar-4230.2.1", "6.6.96-flatcar"}),
      FailsWith(ExitCode::kWrongHost,
                "this payload is for flatcar-4230.2.0 with kernel "
                "6.6.95-flatcar, but this host is flatcar-4230.2.1 with kernel "
                "6.6.96-flatcar; to install for a kernel that is not running "
                "yet, set --kernel_release"));
  EXPECT_THAT(CheckHost(payload, {kTestOsRelease, "6.6.96-flatcar"}),
              Not(IsOk()));
  EXPECT_THAT(CheckHost(payload, {"flatcar-4230.2.1", kTestKernel}),
              Not(IsOk()));
}

}  // namespace
}  // namespace gantry::node
