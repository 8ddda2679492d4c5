#include "release/plan/discover.h"

#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/textproto.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/lock.pb.h"
#include "release/plan/discover_fixture.h"
#include "tests/fixtures/fake_release_site.h"

namespace gantry::plan {
namespace {

namespace fs = std::filesystem;
using ::gantry::fixtures::FakeRelease;
using ::gantry::matrix::v1::Lock;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

TEST_F(DiscoverTest, NewestReleasesAreLockedOrderedByName) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const Lock lock, RunDiscover());
  EXPECT_THAT(ReleaseNames(lock),
              ElementsAre("coreos-2023.4.0", "flatcar-4230.2.0",
                          "flatcar-4290.1.10", "flatcar-4300.1.0"));
}

TEST_F(DiscoverTest, DriverHasArchiveAndPatches) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const Lock lock, RunDiscover());
  ASSERT_EQ(lock.drivers_size(), 1);
  EXPECT_EQ(lock.drivers(0).source().url(), Url("crane.tar"));
  EXPECT_THAT(lock.drivers(0).modules(), ElementsAre("crane"));
  EXPECT_EQ(lock.drivers(0).patches(0).content(), "--- a/x\n");
  EXPECT_EQ(lock.drivers(0).patches(0).name(), "a.patch");
}

TEST_F(DiscoverTest, ToolkitHasComponents) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const Lock lock, RunDiscover());
  ASSERT_EQ(lock.cuda_toolkits_size(), 1);
  EXPECT_EQ(lock.cuda_toolkits(0).components(0).url(), Url("cuda/c.tar.xz"));
}

TEST_F(DiscoverTest, CellsHaveTheFullVersionOfARedistToolkit) {
  ReplaceInMatrix("version: \"12.4.1\"", "version: \"12.4\"");
  ASSERT_THAT(site_->Write("cuda/index.html",
                           "<a href='redistrib_12.4.0.json'></a>"
                           "<a href='redistrib_12.4.1.json'></a>"),
              IsOk());
  GANTRY_ASSERT_OK_AND_ASSIGN(const Lock lock, RunDiscover());
  EXPECT_EQ(lock.cuda_toolkits(0).version(), "12.4.1");
  EXPECT_EQ(lock.cells(1).coordinates().cuda_version(), "12.4.1");
  EXPECT_EQ(lock.cells(1).id(), "flatcar-4230.2.0_amd64_nvidia_1.0_cuda12.4.1");
}

TEST_F(DiscoverTest, EveryCombinationIsACell) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const Lock lock, RunDiscover());
  ASSERT_EQ(lock.cells_size(), 4);
  EXPECT_EQ(lock.cells(1).id(), "flatcar-4230.2.0_amd64_nvidia_1.0_cuda12.4.1");
  EXPECT_EQ(lock.cells(1).exclusion_reason(), "");
  EXPECT_EQ(lock.cells(2).exclusion_reason(), "only stable");
}

TEST_F(DiscoverTest, SameAnswersGiveTheSameBytes) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const Lock first, RunDiscover());
  GANTRY_ASSERT_OK_AND_ASSIGN(const Lock second, RunDiscover());
  EXPECT_EQ(FormatTextProto(first), FormatTextProto(second));
}

TEST_F(DiscoverTest, WithoutALockAllChannelsAreResolved) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const Lock lock, RunDiscover({"stable"}));
  EXPECT_EQ(lock.releases_size(), 4);
}

TEST_F(DiscoverTest, ChannelsThatAreNotRequestedAreCopiedFromTheLock) {
  DiscoverAndWriteLock();
  ASSERT_THAT(site_->Publish(Stable("4230.2.1")), IsOk());
  fs::remove_all(site_->PathOf("beta"));
  GANTRY_ASSERT_OK_AND_ASSIGN(const Lock lock, RunDiscover({"stable"}));
  EXPECT_THAT(ReleaseNames(lock),
              ElementsAre("coreos-2023.4.0", "flatcar-4230.2.1",
                          "flatcar-4290.1.10", "flatcar-4300.1.0"));
  EXPECT_EQ(lock.cells_size(), 4);
}

// CoreOS promotes a release from one channel to the next.
TEST_F(DiscoverTest, PromotedReleaseIsInBothChannels) {
  ReplaceInMatrix("channels { name: \"alpha\" versions: \"2023.4.0\" }",
                  "channels { name: \"alpha\" versions: \"2023.4.0\" }"
                  "channels { name: \"beta\" }");
  ASSERT_THAT(site_->Publish(Release("coreos", "beta", "2023.4.0")), IsOk());
  GANTRY_ASSERT_OK_AND_ASSIGN(const Lock lock, RunDiscover());
  ASSERT_EQ(lock.releases_size(), 4);
  EXPECT_EQ(lock.releases(0).name(), "coreos-2023.4.0");
  EXPECT_THAT(lock.releases(0).channels(), ElementsAre("alpha", "beta"));
  EXPECT_THAT(lock.cells(0).channels(), ElementsAre("alpha", "beta"));
  EXPECT_EQ(lock.cells(0).exclusion_reason(), "") << "only beta is excluded";
}

TEST_F(DiscoverTest, ReleaseLeavesOnlyTheChannelThatHasMovedOn) {
  ReplaceInMatrix("channels { name: \"alpha\" versions: \"2023.4.0\" }",
                  "channels { name: \"alpha\" } channels { name: \"beta\" }");
  ASSERT_THAT(site_->Publish(Release("coreos", "beta", "2023.4.0")), IsOk());
  DiscoverAndWriteLock();
  ASSERT_THAT(site_->Publish(Release("coreos", "alpha", "2051.0.0")), IsOk());
  GANTRY_ASSERT_OK_AND_ASSIGN(const Lock lock, RunDiscover({"alpha"}));
  ASSERT_EQ(lock.releases_size(), 5);
  EXPECT_EQ(lock.releases(0).name(), "coreos-2023.4.0");
  EXPECT_THAT(lock.releases(0).channels(), ElementsAre("beta"));
  EXPECT_EQ(lock.releases(1).name(), "coreos-2051.0.0");
  EXPECT_THAT(lock.releases(1).channels(), ElementsAre("alpha"));
}

TEST_F(DiscoverTest, LockOfAnotherSchemaIsNotUsed) {
  DiscoverAndWriteLock();
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::string text,
                              ReadFile(state_->lock_path()));
  const std::string other =
      absl::StrReplaceAll(text, {{"\"schema\": ", "\"schema\": 9"}});
  ASSERT_NE(other, text);
  ASSERT_THAT(WriteFileAtomically(state_->lock_path(), other), IsOk());
  fs::remove_all(site_->PathOf("beta"));
  ASSERT_THAT(RunDiscover({"stable"}), IsOk());
  EXPECT_THAT(channel_errors_,
              ElementsAre(StartsWith("channel beta of FAMILY_FLATCAR: ")));
}

TEST_F(DiscoverTest, UnknownChannelIsInvalid) {
  EXPECT_THAT(
      RunDiscover({"gamma"}),
      StatusIs(absl::StatusCode::kInvalidArgument,
               matrix_path() +
                   ": unknown channel \"gamma\"; expected one of alpha, "
                   "beta, stable"));
}

TEST_F(DiscoverTest, FailedChannelDoesNotStopTheOthers) {
  fs::remove_all(site_->PathOf("beta"));
  GANTRY_ASSERT_OK_AND_ASSIGN(const Lock lock, RunDiscover());
  EXPECT_THAT(ReleaseNames(lock),
              ElementsAre("coreos-2023.4.0", "flatcar-4230.2.0"));
  EXPECT_EQ(lock.cells_size(), 2);
  EXPECT_THAT(FailedChannelNames(lock), ElementsAre("beta of FAMILY_FLATCAR"));
  EXPECT_THAT(
      channel_errors_,
      ElementsAre(absl::StrCat("channel beta of FAMILY_FLATCAR: ",
                               Url(Beta("4300.1.0").PathOf("version.txt")),
                               ": the server answered 404", kCheckTheMatrix)));
}

TEST_F(DiscoverTest, FailedChannelKeepsTheReleasesOfTheLock) {
  const Lock complete = DiscoverAndWriteLock();
  EXPECT_THAT(complete.failed_channels(), IsEmpty());
  ASSERT_THAT(site_->Publish(Stable("4230.2.1")), IsOk());
  fs::remove_all(site_->PathOf("beta"));
  GANTRY_ASSERT_OK_AND_ASSIGN(const Lock lock, RunDiscover());
  EXPECT_THAT(ReleaseNames(lock),
              ElementsAre("coreos-2023.4.0", "flatcar-4230.2.1",
                          "flatcar-4290.1.10", "flatcar-4300.1.0"));
  EXPECT_THAT(FailedChannelNames(lock), ElementsAre("beta of FAMILY_FLATCAR"));
}

TEST_F(DiscoverTest, FailedChannelThatIsNotRequestedStaysFailed) {
  fs::remove_all(site_->PathOf("beta"));
  DiscoverAndWriteLock();
  channel_errors_.clear();
  GANTRY_ASSERT_OK_AND_ASSIGN(const Lock lock, RunDiscover({"stable"}));
  EXPECT_THAT(FailedChannelNames(lock), ElementsAre("beta of FAMILY_FLATCAR"));
  EXPECT_THAT(channel_errors_, IsEmpty());
}

TEST_F(DiscoverTest, ChannelThatWorksAgainIsNoLongerFailed) {
  fs::rename(site_->PathOf("beta"), site_->PathOf("away"));
  DiscoverAndWriteLock();
  fs::rename(site_->PathOf("away"), site_->PathOf("beta"));
  GANTRY_ASSERT_OK_AND_ASSIGN(const Lock lock, RunDiscover({"beta"}));
  EXPECT_THAT(lock.failed_channels(), IsEmpty());
  EXPECT_EQ(lock.releases_size(), 4);
}

TEST_F(DiscoverTest, ErrorsOfAllChannelsAreReported) {
  for (const char* channel : {"stable", "beta", "alpha"}) {
    fs::remove_all(site_->PathOf(channel));
  }
  EXPECT_THAT(RunDiscover(),
              StatusIs(absl::StatusCode::kNotFound,
                       "none of the 3 channels can be resolved"));
  EXPECT_THAT(channel_errors_,
              ElementsAre(StartsWith("channel stable of FAMILY_FLATCAR: "),
                          StartsWith("channel beta of FAMILY_FLATCAR: "),
                          StartsWith("channel alpha of FAMILY_COREOS: ")));
}

TEST_F(DiscoverTest, FailureOfTheOnlyRequestedChannelIsAnError) {
  DiscoverAndWriteLock();
  fs::remove_all(site_->PathOf("beta"));
  EXPECT_THAT(
      RunDiscover({"beta"}),
      StatusIs(absl::StatusCode::kNotFound, "the channel cannot be resolved"));
}

TEST_F(DiscoverTest, SameReleaseWithOtherFilesFailsTheSecondChannel) {
  ReplaceInMatrix("channels { name: \"alpha\" versions: \"2023.4.0\" }",
                  "channels { name: \"alpha\" versions: \"2023.4.0\" }"
                  "channels { name: \"beta\" }");
  FakeRelease altered = Release("coreos", "beta", "2023.4.0");
  altered.kernel_image = PathOf("container");
  ASSERT_THAT(site_->Publish(altered), IsOk());
  GANTRY_ASSERT_OK_AND_ASSIGN(const Lock lock, RunDiscover());
  EXPECT_THAT(lock.releases(0).channels(), ElementsAre("alpha"));
  EXPECT_THAT(FailedChannelNames(lock), ElementsAre("beta of FAMILY_COREOS"));
  EXPECT_THAT(channel_errors_,
              ElementsAre(absl::StrCat(
                  "channel beta of FAMILY_COREOS: coreos-2023.4.0: its files "
                  "differ from those in channel alpha",
                  kDistrust)));
}

TEST_F(DiscoverTest, UnreachableServerIsUnavailable) {
  const std::string url = site_->url();
  site_.reset();
  EXPECT_THAT(RunDiscover(),
              StatusIs(absl::StatusCode::kUnavailable,
                       "none of the 3 channels can be resolved"));
  ASSERT_THAT(channel_errors_, SizeIs(3));
  EXPECT_THAT(
      channel_errors_[0],
      AllOf(StartsWith("channel stable of FAMILY_FLATCAR: " + url),
            EndsWith("; run discovery again when the server can be reached")));
}

TEST_F(DiscoverTest, RetryResolvesOnlyTheFailedChannels) {
  fs::rename(site_->PathOf("beta"), site_->PathOf("away"));
  const Lock incomplete = DiscoverAndWriteLock();
  fs::rename(site_->PathOf("away"), site_->PathOf("beta"));
  ASSERT_THAT(site_->Publish(Stable("4230.2.1")), IsOk());
  fs::remove_all(site_->PathOf("cuda"));
  GANTRY_ASSERT_OK_AND_ASSIGN(
      const Lock lock, RetryFailedChannels(Options(), incomplete, *state_));
  EXPECT_THAT(ReleaseNames(lock),
              ElementsAre("coreos-2023.4.0", "flatcar-4230.2.0",
                          "flatcar-4290.1.10", "flatcar-4300.1.0"));
  EXPECT_THAT(lock.failed_channels(), IsEmpty());
  EXPECT_EQ(lock.cells_size(), 4);
  EXPECT_EQ(lock.cuda_toolkits(0).components_size(), 1);
}

TEST_F(DiscoverTest, RetryThatFailsAgainGivesTheSameLock) {
  fs::remove_all(site_->PathOf("beta"));
  const Lock incomplete = DiscoverAndWriteLock();
  channel_errors_.clear();
  GANTRY_ASSERT_OK_AND_ASSIGN(
      const Lock lock, RetryFailedChannels(Options(), incomplete, *state_));
  EXPECT_EQ(FormatTextProto(lock), FormatTextProto(incomplete));
  EXPECT_THAT(channel_errors_,
              ElementsAre(StartsWith("channel beta of FAMILY_FLATCAR: ")));
}

TEST_F(DiscoverTest, RetryWithAnotherMatrixIsRefused) {
  const Lock lock = DiscoverAndWriteLock();
  ReplaceInMatrix("newest: 2", "newest: 1");
  EXPECT_THAT(RetryFailedChannels(Options(), lock, *state_),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       matrix_path() + ": has changed since the lock was "
                                       "made"));
}

TEST_F(DiscoverTest, SyntaxErrorInTheMatrixNamesItsLine) {
  ASSERT_THAT(
      WriteFileAtomically(matrix_path(),
                          "operating_systems {\n  famly: FAMILY_DEBIAN\n}\n"),
      IsOk());
  EXPECT_THAT(RunDiscover(), StatusIs(absl::StatusCode::kInvalidArgument,
                                      HasSubstr(matrix_path() + ":2:")));
}

TEST_F(DiscoverTest, InvalidMatrixNamesTheField) {
  ASSERT_THAT(WriteFileAtomically(
                  matrix_path(), "operating_systems { family: FAMILY_DEBIAN }"),
              IsOk());
  EXPECT_THAT(RunDiscover(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       matrix_path() +
                           ": operating_systems[0].debian_suite: required"));
}

TEST_F(DiscoverTest, MissingPatchIsNotFound) {
  fs::remove(PathOf("matrix/patches/a.patch"));
  EXPECT_THAT(RunDiscover(),
              StatusIs(absl::StatusCode::kNotFound,
                       HasSubstr(PathOf("matrix/patches/a.patch"))));
}

TEST_F(DiscoverTest, MissingKeyringIsNotFound) {
  fs::remove(PathOf("matrix/keys/flatcar.asc"));
  EXPECT_THAT(RunDiscover(),
              StatusIs(absl::StatusCode::kNotFound,
                       HasSubstr(PathOf("matrix/keys/flatcar.asc"))));
}

}  // namespace
}  // namespace gantry::plan
