// Tests container_linux.h with all of discovery.

#include <filesystem>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/status_matchers.h"
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
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

// `printf container | sha512sum`, and the same of "kernel".
constexpr char kContainerSha512[] =
    "55621a5eab331202cefa53b6e56ea004b1ea3a346fe8f81ca0b2b403f758b7de"
    "4fe37642af1f69546f1bdeacb72ac2a51be424e212f83826930f9ed5d7f33957";
constexpr char kKernelSha512[] =
    "d51a20d67571fe70bcd6c36e1382a3c342f42671c710090b75fcfc2405ce2448"
    "8e03a7131eefe4751d0bd3aeaad816605ad10c8e3258d72fcf379e32416cbf3b";

using ContainerLinuxTest = DiscoverTest;

TEST_F(ContainerLinuxTest, ReleaseHasFilesWithDigestsAndSignatures) {
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

// Older releases have one .DIGESTS for all PXE files.
TEST_F(ContainerLinuxTest, DigestIsFoundInASharedDigestsFile) {
  const FakeRelease stable = Stable("4230.2.0");
  fs::rename(
      site_->PathOf(stable.PathOf("flatcar_production_pxe.vmlinuz.DIGESTS")),
      site_->PathOf(stable.PathOf("flatcar_production_pxe.DIGESTS")));
  GANTRY_ASSERT_OK_AND_ASSIGN(const Lock lock, RunDiscover());
  EXPECT_EQ(lock.releases(1).kernel_image().digest(),
            absl::StrCat("sha512:", kKernelSha512));
}

TEST_F(ContainerLinuxTest, AlteredVersionTxtIsRefused) {
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

TEST_F(ContainerLinuxTest, PinnedKeyIsLockedInUpperCase) {
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

TEST_F(ContainerLinuxTest, KeyThatIsNotPinnedIsRefused) {
  ReplaceInMatrix(
      "channels { name: \"stable\" }",
      absl::StrCat("channels { name: \"stable\" } signing_key_fingerprints: \"",
                   std::string(40, 'a'), "\""));
  GANTRY_ASSERT_OK_AND_ASSIGN(const Lock lock, RunDiscover());
  EXPECT_THAT(FailedChannelNames(lock), ElementsAre("stable of FAMILY_FLATCAR",
                                                    "beta of FAMILY_FLATCAR"));
  EXPECT_THAT(channel_errors_,
              Each(HasSubstr(absl::StrCat("the primary key of key ",
                                          site_->signer().fingerprint(),
                                          " is not one of"))));
}

TEST_F(ContainerLinuxTest, MissingSignatureIsRefused) {
  fs::remove(site_->PathOf(Stable("4230.2.0").PathOf("version.txt.sig")));
  ASSERT_THAT(RunDiscover(), IsOk());
  EXPECT_THAT(
      channel_errors_,
      ElementsAre(absl::StrCat("channel stable of FAMILY_FLATCAR: ",
                               Url("stable/amd64-usr/current/version.txt.sig"),
                               ": the server answered 404", kCheckTheMatrix)));
}

TEST_F(ContainerLinuxTest, DirectoryOfAnotherReleaseIsRefused) {
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
TEST_F(ContainerLinuxTest, NewestReleaseOfAnotherChannelIsRefused) {
  ASSERT_THAT(site_->Publish(Stable("4400.0.0")), IsOk());
  GANTRY_ASSERT_OK_AND_ASSIGN(const Lock lock, RunDiscover());
  EXPECT_THAT(FailedChannelNames(lock),
              ElementsAre("stable of FAMILY_FLATCAR"));
  EXPECT_THAT(channel_errors_,
              ElementsAre(absl::StrCat(
                  "channel stable of FAMILY_FLATCAR: ",
                  Url(Stable("4400.0.0").PathOf("version.txt")),
                  ": has FLATCAR_BRANCH 0, expected 2, that of channel "
                  "\"stable\"",
                  kDistrust)));
}

TEST_F(ContainerLinuxTest, ReleaseOfAnotherChannelInTheIndexIsRefused) {
  ASSERT_THAT(site_->Publish(Beta("4400.0.0")), IsOk());
  ASSERT_THAT(site_->Write("releases-beta.json",
                           R"({"4400.0.0": {"channel": "beta"},
                               "4300.1.0": {"channel": "beta"}})"),
              IsOk());
  GANTRY_ASSERT_OK_AND_ASSIGN(const Lock lock, RunDiscover());
  EXPECT_THAT(FailedChannelNames(lock), ElementsAre("beta of FAMILY_FLATCAR"));
}

TEST_F(ContainerLinuxTest, MatrixMayChooseReleasesOfAnotherChannel) {
  ReplaceInMatrix("name: \"stable\"",
                  "name: \"stable\" versions: \"4300.1.0\"");
  ASSERT_THAT(site_->Publish(Stable("4300.1.0")), IsOk());
  GANTRY_ASSERT_OK_AND_ASSIGN(const Lock lock, RunDiscover());
  EXPECT_THAT(channel_errors_, IsEmpty());
  EXPECT_EQ(lock.releases(2).name(), "flatcar-4300.1.0");
  EXPECT_THAT(lock.releases(2).channels(), ElementsAre("stable", "beta"));
}

TEST_F(ContainerLinuxTest, LtsStreamsAreFoundByTheirYears) {
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

TEST_F(ContainerLinuxTest, NewestOfAnLtsStreamAreOfItsMajorVersion) {
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

TEST_F(ContainerLinuxTest, StableReleaseInAnLtsStreamIsRefused) {
  ReplaceInMatrix("channels { name: \"stable\" }",
                  "channels { name: \"lts-2024\" lts_year: 2024 }");
  FakeRelease stable = Release("flatcar", "lts", "4230.2.0");
  stable.current = "current-2024";
  ASSERT_THAT(site_->Publish(stable), IsOk());
  GANTRY_ASSERT_OK_AND_ASSIGN(const Lock lock, RunDiscover());
  EXPECT_THAT(FailedChannelNames(lock),
              ElementsAre("lts-2024 of FAMILY_FLATCAR"));
  EXPECT_THAT(channel_errors_,
              ElementsAre(HasSubstr(": has FLATCAR_BRANCH 2, expected 3, that "
                                    "of channel \"lts\"")));
}

// A mirror may have channels of its own.
TEST_F(ContainerLinuxTest, ChannelThatIsNotFlatcarsMayHaveAnyRelease) {
  ReplaceInMatrix("name: \"stable\"", "name: \"tested\"");
  ASSERT_THAT(site_->Publish(Release("flatcar", "tested", "4300.1.0")), IsOk());
  GANTRY_ASSERT_OK_AND_ASSIGN(const Lock lock, RunDiscover());
  EXPECT_THAT(channel_errors_, IsEmpty());
  EXPECT_THAT(lock.releases(2).channels(), ElementsAre("tested", "beta"));
}

TEST_F(ContainerLinuxTest, MalformedDigestIsRefused) {
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

TEST_F(ContainerLinuxTest, MissingDigestsFileIsRefused) {
  const FakeRelease stable = Stable("4230.2.0");
  const std::string path = stable.PathOf(stable.container_name() + ".DIGESTS");
  fs::remove(site_->PathOf(path));
  ASSERT_THAT(RunDiscover(), IsOk());
  EXPECT_THAT(
      channel_errors_,
      ElementsAre(absl::StrCat("channel stable of FAMILY_FLATCAR: ", Url(path),
                               ": the server answered 404", kCheckTheMatrix)));
}

TEST_F(ContainerLinuxTest, MalformedReleaseIndexIsRefused) {
  ASSERT_THAT(site_->Write("releases-beta.json", "<html></html>"), IsOk());
  ASSERT_THAT(RunDiscover(), IsOk());
  EXPECT_THAT(
      channel_errors_,
      ElementsAre(AllOf(StartsWith(absl::StrCat(
                            "channel beta of FAMILY_FLATCAR: ",
                            Url("releases-beta.json"), ": release index: ")),
                        EndsWith(kDistrust))));
}

}  // namespace
}  // namespace gantry::plan
