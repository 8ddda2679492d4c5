#include "release/plan/apt_archive.h"

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry::plan {
namespace {

// Output of `apt-get update --print-uris`, with another vendor's source before
// Debian's that has a suite of the same name.
constexpr char kIndexes[] =
    R"('https://packages.example/linux/debian/dists/bookworm/InRelease' packages.example_linux_debian_dists_bookworm_InRelease 0 
'http://mirror.example/debian/dists/bookworm/InRelease' mirror.example_debian_dists_bookworm_InRelease 0 
'http://mirror.example/debian/dists/bookworm-updates/InRelease' mirror.example_debian_dists_bookworm-updates_InRelease 0 
'http://mirror.example/security/dists/bookworm-security/InRelease' mirror.example_security_dists_bookworm-security_InRelease 0 
'http://mirror.example/debian/dists/bookworm/main/binary-amd64/Packages.xz' mirror.example_debian_dists_bookworm_main_binary-amd64_Packages 0 
)";

constexpr char kRelease[] = R"(-----BEGIN PGP SIGNED MESSAGE-----
Hash: SHA256

Origin: Debian
Label: Debian
Suite: oldstable
Version: 12.15
Codename: bookworm
)";

std::string ReleaseFile(const std::string& name) {
  static const auto& files = *new std::map<std::string, std::string>{
      {"packages.example_linux_debian_dists_bookworm_InRelease",
       "Origin: Example\nLabel: Example\nCodename: bookworm\n"},
      {"mirror.example_debian_dists_bookworm_InRelease", kRelease},
      {"mirror.example_security_dists_bookworm-security_InRelease",
       "Origin: Debian\nLabel: Debian-Security\n"},
  };
  const auto found = files.find(name);
  return found == files.end() ? "" : found->second;
}

TEST(AptArchiveTest, FindsDebianAmongOtherSources) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::vector<PrintedUri> indexes,
                              ParsePrintedUris(kIndexes));
  GANTRY_ASSERT_OK_AND_ASSIGN(const DebianArchives archives,
                              FindDebianArchives(indexes, &ReleaseFile));
  EXPECT_EQ(archives.archive, "http://mirror.example/debian");
  EXPECT_EQ(archives.security, "http://mirror.example/security");
}

TEST(AptArchiveTest, NoDebianSourceIsFailedPrecondition) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::vector<PrintedUri> indexes,
                              ParsePrintedUris(kIndexes));
  EXPECT_THAT(
      FindDebianArchives(indexes, [](const std::string&) { return ""; }),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               "no apt source of this machine is Debian's archive (\"Origin: "
               "Debian\" and \"Label: Debian\" in its Release file); add one"));
}

TEST(AptArchiveTest, ParsesUriNameSizeAndDigest) {
  GANTRY_ASSERT_OK_AND_ASSIGN(
      const std::vector<PrintedUri> entries,
      ParsePrintedUris(
          "'http://mirror.example/debian/pool/main/g/gcc-12/"
          "gcc-12_12.2.0-14%2bdeb12u1_amd64.deb' "
          "gcc-12_12.2.0-14+deb12u1_amd64.deb 19301704 "
          "SHA256:"
          "0a40074c844a304688e503dd0c3f8b04e10e40f6f81b8bad260e07c54aa37864"
          "\n"));
  ASSERT_EQ(entries.size(), 1);
  EXPECT_EQ(entries.front().uri,
            "http://mirror.example/debian/pool/main/g/gcc-12/"
            "gcc-12_12.2.0-14%2bdeb12u1_amd64.deb");
  EXPECT_EQ(entries.front().name, "gcc-12_12.2.0-14+deb12u1_amd64.deb");
  EXPECT_EQ(entries.front().size, 19301704);
  EXPECT_EQ(entries.front().digest,
            "sha256:0a40074c844a304688e503dd0c3f8b04e10e40f6f81b8bad260e07c54aa"
            "37864");
}

TEST(AptArchiveTest, UnexpectedOutputIsDataLoss) {
  EXPECT_THAT(ParsePrintedUris("Reading package lists...\n"),
              StatusIs(absl::StatusCode::kDataLoss,
                       "apt-get --print-uris: \"Reading package lists...\""));
}

TEST(AptArchiveTest, ReleaseFieldsAreFoundByWholeName) {
  EXPECT_EQ(ReleaseField(kRelease, "Version"), "12.15");
  EXPECT_EQ(ReleaseField(kRelease, "Code"), "");
}

TEST(AptArchiveTest, RollingSuiteHasOneSource) {
  EXPECT_EQ(FormatSourcesList({"http://m.example/debian", ""}, "sid"),
            "deb [arch=amd64 target=Packages "
            "signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] "
            "http://m.example/debian sid main contrib non-free "
            "non-free-firmware\n");
}

TEST(AptArchiveTest, SourcesListHasUpdatesAndSecurity) {
  EXPECT_EQ(FormatSourcesList(
                {"http://m.example/debian", "http://m.example/sec"}, "trixie"),
            "deb [arch=amd64 target=Packages "
            "signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] "
            "http://m.example/debian trixie main contrib non-free "
            "non-free-firmware\n"
            "deb [arch=amd64 target=Packages "
            "signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] "
            "http://m.example/debian trixie-updates main contrib non-free "
            "non-free-firmware\n"
            "deb [arch=amd64 target=Packages "
            "signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] "
            "http://m.example/sec trixie-security main contrib non-free "
            "non-free-firmware\n");
}

}  // namespace
}  // namespace gantry::plan
