#include "release/plan/discover.h"

#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/textproto.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/lock.pb.h"
#include "proto/matrix.pb.h"
#include "release/plan/discover_fixture.h"
#include "tests/fixtures/fake_release_site.h"

namespace gantry::plan {
namespace {

namespace fs = std::filesystem;
using ::gantry::fixtures::FakeRelease;
using ::gantry::matrix::v1::Lock;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

// `printf container | sha512sum`, and the same of "kernel".
constexpr char kContainerSha512[] =
    "55621a5eab331202cefa53b6e56ea004b1ea3a346fe8f81ca0b2b403f758b7de"
    "4fe37642af1f69546f1bdeacb72ac2a51be424e212f83826930f9ed5d7f33957";
constexpr char kKernelSha512[] =
    "d51a20d67571fe70bcd6c36e1382a3c342f42671c710090b75fcfc2405ce2448"
    "8e03a7131eefe4751d0bd3aeaad816605ad10c8e3258d72fcf379e32416cbf3b";

TEST_F(DiscoverTest, NewestReleasesAreLockedOrderedByName) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const Lock lock, RunDiscover());
  EXPECT_THAT(ReleaseNames(lock),
              ElementsAre("coreos-2023.4.0", "flatcar-4230.2.0",
                          "flatcar-4290.1.10", "flatcar-4300.1.0"));
}

TEST_F(DiscoverTest, ReleaseHasFilesWithDigestsAndSignatures) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const Lock lock, RunDiscover());
  const auto& release = lock.releases(1);
  EXPECT_THAT(release.channels(), ElementsAre("stable"));
  EXPECT_EQ(release.version(), "4230.2.0");
  const FakeRelease stable = Stable("4230.2.0");
  const auto& container = release.developer_container();
  EXPECT_EQ(container.url(), Url(stable.PathOf(stable.container_name())));
  EXPECT_EQ(container.digest(), absl::StrCat("sha512:", kContainerSha512));
  EXPECT_EQ(container.signature_url(), container.url() + ".sig");
  GANTRY_ASSERT_OK_AND_ASSIGN(
      const std::string signature,
      ReadFile(site_->PathOf(stable.PathOf(stable.container_name() + ".sig"))));
  EXPECT_EQ(container.signature_digest(), Sha256Digest(signature));
  EXPECT_EQ(release.kernel_image().url(),
            Url(stable.PathOf(stable.kernel_name())));
  EXPECT_EQ(fs::path(release.keyring()).parent_path(), state_->keyrings_path());
  EXPECT_TRUE(fs::exists(release.keyring()));
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
  EXPECT_EQ(lock.cells(1).id(), "flatcar-4230.2.0-1.0-cuda12.4.1");
}

TEST_F(DiscoverTest, EveryCombinationIsACell) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const Lock lock, RunDiscover());
  ASSERT_EQ(lock.cells_size(), 4);
  EXPECT_EQ(lock.cells(1).id(), "flatcar-4230.2.0-1.0-cuda12.4.1");
  EXPECT_EQ(lock.cells(1).exclusion_reason(), "");
  EXPECT_EQ(lock.cells(2).exclusion_reason(), "only stable");
}

// Older releases have one .DIGESTS for all PXE files.
TEST_F(DiscoverTest, DigestIsFoundInASharedDigestsFile) {
  const FakeRelease stable = Stable("4230.2.0");
  fs::rename(
      site_->PathOf(stable.PathOf("flatcar_production_pxe.vmlinuz.DIGESTS")),
      site_->PathOf(stable.PathOf("flatcar_production_pxe.DIGESTS")));
  GANTRY_ASSERT_OK_AND_ASSIGN(const Lock lock, RunDiscover());
  EXPECT_EQ(lock.releases(1).kernel_image().digest(),
            absl::StrCat("sha512:", kKernelSha512));
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

TEST_F(DiscoverTest, LockOfAnOlderSchemaIsNotUsed) {
  const Lock lock = DiscoverAndWriteLock();
  ASSERT_THAT(
      WriteFileAtomically(
          state_->lock_path(),
          absl::StrReplaceAll(FormatTextProto(lock),
                              {{"channels: \"beta\"", "channel: \"beta\""}})),
      IsOk());
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

// What to do about files that cannot be trusted, and about missing ones.
constexpr char kDistrust[] =
    "; the server's files cannot be trusted, unless the keyring is out of "
    "date: "
    "update it, or report the files to their publisher";
constexpr char kCheckTheMatrix[] =
    "; check the channel, its versions and its URLs in the matrix";

// Names of the channels that failed.
std::vector<std::string> FailedChannels(const Lock& lock) {
  std::vector<std::string> names;
  for (const auto& channel : lock.failed_channels()) {
    names.push_back(absl::StrCat(channel.name(), " of ",
                                 matrix::v1::Family_Name(channel.family())));
  }
  return names;
}

TEST_F(DiscoverTest, FailedChannelDoesNotStopTheOthers) {
  fs::remove_all(site_->PathOf("beta"));
  GANTRY_ASSERT_OK_AND_ASSIGN(const Lock lock, RunDiscover());
  EXPECT_THAT(ReleaseNames(lock),
              ElementsAre("coreos-2023.4.0", "flatcar-4230.2.0"));
  EXPECT_EQ(lock.cells_size(), 2);
  EXPECT_THAT(FailedChannels(lock), ElementsAre("beta of FAMILY_FLATCAR"));
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
  EXPECT_THAT(FailedChannels(lock), ElementsAre("beta of FAMILY_FLATCAR"));
}

TEST_F(DiscoverTest, FailedChannelThatIsNotRequestedStaysFailed) {
  fs::remove_all(site_->PathOf("beta"));
  DiscoverAndWriteLock();
  channel_errors_.clear();
  GANTRY_ASSERT_OK_AND_ASSIGN(const Lock lock, RunDiscover({"stable"}));
  EXPECT_THAT(FailedChannels(lock), ElementsAre("beta of FAMILY_FLATCAR"));
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
  EXPECT_THAT(FailedChannels(lock), ElementsAre("beta of FAMILY_COREOS"));
  EXPECT_THAT(channel_errors_,
              ElementsAre(absl::StrCat(
                  "channel beta of FAMILY_COREOS: coreos-2023.4.0: its files "
                  "differ from those in channel alpha",
                  kDistrust)));
}

TEST_F(DiscoverTest, AlteredVersionTxtIsRefused) {
  ASSERT_THAT(site_->Write(Stable("4230.2.0").PathOf("version.txt"),
                           "FLATCAR_VERSION_ID=4230.2.1\n"),
              IsOk());
  ASSERT_THAT(RunDiscover(), IsOk());
  EXPECT_THAT(
      channel_errors_,
      ElementsAre(absl::StrCat("channel stable of FAMILY_FLATCAR: ",
                               Url("stable/amd64-usr/current/version.txt"),
                               ": signature refused: the file does not match "
                               "the signature by key ",
                               site_->signer().fingerprint(), kDistrust)));
}

TEST_F(DiscoverTest, PinnedKeyIsLockedInUpperCase) {
  const std::string& fingerprint = site_->signer().fingerprint();
  ReplaceInMatrix("channels { name: \"stable\" }",
                  absl::StrCat("channels { name: \"stable\" } "
                               "signing_key_fingerprints: \"",
                               absl::AsciiStrToLower(fingerprint), "\""));
  GANTRY_ASSERT_OK_AND_ASSIGN(const Lock lock, RunDiscover());
  EXPECT_THAT(channel_errors_, IsEmpty());
  EXPECT_THAT(lock.releases(0).signing_key_fingerprints(), IsEmpty());
  EXPECT_THAT(lock.releases(1).signing_key_fingerprints(),
              ElementsAre(fingerprint));
}

TEST_F(DiscoverTest, KeyThatIsNotPinnedIsRefused) {
  ReplaceInMatrix(
      "channels { name: \"stable\" }",
      absl::StrCat("channels { name: \"stable\" } signing_key_fingerprints: \"",
                   std::string(40, 'a'), "\""));
  GANTRY_ASSERT_OK_AND_ASSIGN(const Lock lock, RunDiscover());
  EXPECT_THAT(FailedChannels(lock), ElementsAre("stable of FAMILY_FLATCAR",
                                                "beta of FAMILY_FLATCAR"));
  EXPECT_THAT(channel_errors_,
              Each(HasSubstr(absl::StrCat("the primary key of key ",
                                          site_->signer().fingerprint(),
                                          " is not one of"))));
}

TEST_F(DiscoverTest, MissingSignatureIsRefused) {
  fs::remove(site_->PathOf(Stable("4230.2.0").PathOf("version.txt.sig")));
  ASSERT_THAT(RunDiscover(), IsOk());
  EXPECT_THAT(
      channel_errors_,
      ElementsAre(absl::StrCat("channel stable of FAMILY_FLATCAR: ",
                               Url("stable/amd64-usr/current/version.txt.sig"),
                               ": the server answered 404", kCheckTheMatrix)));
}

TEST_F(DiscoverTest, DirectoryOfAnotherReleaseIsRefused) {
  for (const char* name : {"version.txt", "version.txt.sig"}) {
    fs::copy_file(site_->PathOf(Beta("4290.1.2").PathOf(name)),
                  site_->PathOf(Beta("4300.1.0").PathOf(name)),
                  fs::copy_options::overwrite_existing);
  }
  ASSERT_THAT(RunDiscover(), IsOk());
  EXPECT_THAT(channel_errors_,
              ElementsAre(absl::StrCat(
                  "channel beta of FAMILY_FLATCAR: ",
                  Url(Beta("4300.1.0").PathOf("version.txt")),
                  ": has version 4290.1.2, expected 4300.1.0", kDistrust)));
}

// An alpha release, correctly signed, as the newest of the stable channel.
TEST_F(DiscoverTest, NewestReleaseOfAnotherChannelIsRefused) {
  ASSERT_THAT(site_->Publish(Stable("4400.0.0")), IsOk());
  GANTRY_ASSERT_OK_AND_ASSIGN(const Lock lock, RunDiscover());
  EXPECT_THAT(FailedChannels(lock), ElementsAre("stable of FAMILY_FLATCAR"));
  EXPECT_THAT(channel_errors_,
              ElementsAre(absl::StrCat(
                  "channel stable of FAMILY_FLATCAR: ",
                  Url(Stable("4400.0.0").PathOf("version.txt")),
                  ": has FLATCAR_BRANCH 0, expected 2, that of channel "
                  "\"stable\"",
                  kDistrust)));
}

TEST_F(DiscoverTest, ReleaseOfAnotherChannelInTheIndexIsRefused) {
  ASSERT_THAT(site_->Publish(Beta("4400.0.0")), IsOk());
  ASSERT_THAT(site_->Write("releases-beta.json",
                           R"({"4400.0.0": {"channel": "beta"},
                               "4300.1.0": {"channel": "beta"}})"),
              IsOk());
  GANTRY_ASSERT_OK_AND_ASSIGN(const Lock lock, RunDiscover());
  EXPECT_THAT(FailedChannels(lock), ElementsAre("beta of FAMILY_FLATCAR"));
}

TEST_F(DiscoverTest, MatrixMayChooseReleasesOfAnotherChannel) {
  ReplaceInMatrix("name: \"stable\"",
                  "name: \"stable\" versions: \"4300.1.0\"");
  ASSERT_THAT(site_->Publish(Stable("4300.1.0")), IsOk());
  GANTRY_ASSERT_OK_AND_ASSIGN(const Lock lock, RunDiscover());
  EXPECT_THAT(channel_errors_, IsEmpty());
  EXPECT_EQ(lock.releases(2).name(), "flatcar-4300.1.0");
  EXPECT_THAT(lock.releases(2).channels(), ElementsAre("stable", "beta"));
}

TEST_F(DiscoverTest, LtsStreamsAreFoundByTheirYears) {
  ReplaceInMatrix("channels { name: \"stable\" }",
                  "channels { name: \"lts-2023\" lts_year: 2023 } "
                  "channels { name: \"lts\" lts_year: 2024 }");
  FakeRelease older = Release("flatcar", "lts", "3510.3.6");
  older.current = "current-2023";
  ASSERT_THAT(site_->Publish(older), IsOk());
  FakeRelease newer = Release("flatcar", "lts", "4081.3.2");
  newer.current = "current-2024";
  ASSERT_THAT(site_->Publish(newer), IsOk());
  GANTRY_ASSERT_OK_AND_ASSIGN(const Lock lock, RunDiscover());
  ASSERT_THAT(channel_errors_, IsEmpty());
  EXPECT_EQ(lock.releases(1).name(), "flatcar-3510.3.6");
  EXPECT_THAT(lock.releases(1).channels(), ElementsAre("lts-2023"));
  EXPECT_EQ(lock.releases(1).developer_container().url(),
            Url(older.PathOf(older.container_name())));
  EXPECT_EQ(lock.releases(2).name(), "flatcar-4081.3.2");
  EXPECT_THAT(lock.releases(2).channels(), ElementsAre("lts"));
}

TEST_F(DiscoverTest, NewestOfAnLtsStreamAreOfItsMajorVersion) {
  ReplaceInMatrix("channels { name: \"stable\" }",
                  "channels { name: \"lts-2023\" lts_year: 2023 newest: 2 }");
  for (const char* version : {"4081.3.2", "3510.3.5", "3510.3.6"}) {
    FakeRelease release = Release("flatcar", "lts", version);
    release.current = "current-2023";
    ASSERT_THAT(site_->Publish(release), IsOk());
  }
  ASSERT_THAT(site_->Write("releases-lts.json",
                           R"({"4081.3.2": {"channel": "lts"},
                               "3510.3.4": {"channel": "lts"},
                               "3510.3.5": {"channel": "lts"},
                               "3510.3.6": {"channel": "lts"}})"),
              IsOk());
  GANTRY_ASSERT_OK_AND_ASSIGN(const Lock lock, RunDiscover());
  ASSERT_THAT(channel_errors_, IsEmpty());
  EXPECT_THAT(
      ReleaseNames(lock),
      ElementsAre("coreos-2023.4.0", "flatcar-3510.3.5", "flatcar-3510.3.6",
                  "flatcar-4290.1.10", "flatcar-4300.1.0"));
}

TEST_F(DiscoverTest, StableReleaseInAnLtsStreamIsRefused) {
  ReplaceInMatrix("channels { name: \"stable\" }",
                  "channels { name: \"lts-2024\" lts_year: 2024 }");
  FakeRelease stable = Release("flatcar", "lts", "4230.2.0");
  stable.current = "current-2024";
  ASSERT_THAT(site_->Publish(stable), IsOk());
  GANTRY_ASSERT_OK_AND_ASSIGN(const Lock lock, RunDiscover());
  EXPECT_THAT(FailedChannels(lock), ElementsAre("lts-2024 of FAMILY_FLATCAR"));
  EXPECT_THAT(channel_errors_,
              ElementsAre(HasSubstr(": has FLATCAR_BRANCH 2, expected 3, that "
                                    "of channel \"lts\"")));
}

// A mirror may have channels of its own.
TEST_F(DiscoverTest, ChannelThatIsNotFlatcarsMayHaveAnyRelease) {
  ReplaceInMatrix("name: \"stable\"", "name: \"tested\"");
  ASSERT_THAT(site_->Publish(Release("flatcar", "tested", "4300.1.0")), IsOk());
  GANTRY_ASSERT_OK_AND_ASSIGN(const Lock lock, RunDiscover());
  EXPECT_THAT(channel_errors_, IsEmpty());
  EXPECT_THAT(lock.releases(2).channels(), ElementsAre("tested", "beta"));
}

TEST_F(DiscoverTest, MalformedDigestIsRefused) {
  const FakeRelease stable = Stable("4230.2.0");
  const std::string path = stable.PathOf(stable.container_name() + ".DIGESTS");
  ASSERT_THAT(site_->Write(path, absl::StrCat("# SHA512 HASH\n12  ",
                                              stable.container_name(), "\n")),
              IsOk());
  ASSERT_THAT(RunDiscover(), IsOk());
  EXPECT_THAT(
      channel_errors_,
      ElementsAre(absl::StrCat("channel stable of FAMILY_FLATCAR: ", Url(path),
                               ": malformed SHA-512 \"12\" of ",
                               stable.container_name(), kDistrust)));
}

TEST_F(DiscoverTest, MissingDigestsFileIsRefused) {
  const FakeRelease stable = Stable("4230.2.0");
  const std::string path = stable.PathOf(stable.container_name() + ".DIGESTS");
  fs::remove(site_->PathOf(path));
  ASSERT_THAT(RunDiscover(), IsOk());
  EXPECT_THAT(
      channel_errors_,
      ElementsAre(absl::StrCat("channel stable of FAMILY_FLATCAR: ", Url(path),
                               ": the server answered 404", kCheckTheMatrix)));
}

TEST_F(DiscoverTest, MalformedReleaseIndexIsRefused) {
  ASSERT_THAT(site_->Write("releases-beta.json", "<html></html>"), IsOk());
  ASSERT_THAT(RunDiscover(), IsOk());
  EXPECT_THAT(
      channel_errors_,
      ElementsAre(AllOf(StartsWith(absl::StrCat(
                            "channel beta of FAMILY_FLATCAR: ",
                            Url("releases-beta.json"), ": release index: ")),
                        EndsWith(kDistrust))));
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
