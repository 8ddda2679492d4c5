#include "builder/modules/select_patches.h"

#include <filesystem>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/subprocess.h"
#include "base/temp_dir.h"
#include "builder/modules/modules_tar.h"
#include "builder/modules/patch_selection.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry::modules {
namespace {

namespace fs = std::filesystem;
using builder::v1::KernelPatch;
using builder::v1::PatchSelection;
using ::testing::HasSubstr;

constexpr char kHeader[] = "include/linux/pci.h";

class SelectPatchesTest : public testing::Test {
 protected:
  // A container in Debian's layout, whose build tree has links that lead out of
  // it.
  void SetUp() override {
    WriteInRoot("usr/src/headers-amd64/.config", "");
    WriteInRoot("usr/src/headers-common/include/linux/pci.h", "four, args\n");
    WriteInRoot("usr/src/headers-other/include/linux/pci.h", "other kernel\n");
    WriteInRoot("usr/src/headers-amd64/include/generated/autoconf.h",
                "#define CONFIG_X 1\n");
    LinkInRoot("usr/lib/modules/6.1/build", "/usr/src/headers-amd64");
    LinkInRoot("usr/lib/modules/6.1/source", "/usr/src/headers-common");
    LinkInRoot("lib", "usr/lib");
    ASSERT_THAT(WriteFileAtomically(PathOf("facts"),
                                    "build_path: \"/lib/modules/6.1/build\"\n"),
                IsOk());
    PackRoot();
  }

  std::string PathOf(const std::string& name) const {
    return JoinPath(directory_.path(), name);
  }

  std::string InRoot(const std::string& path) const {
    const std::string full = JoinPath(PathOf("root"), path);
    fs::create_directories(fs::path(full).parent_path());
    return full;
  }
  void WriteInRoot(const std::string& path, const std::string& content) {
    ASSERT_THAT(WriteFileAtomically(InRoot(path), content), IsOk());
  }
  void LinkInRoot(const std::string& path, const std::string& target) {
    fs::create_symlink(target, InRoot(path));
  }
  void PackRoot() {
    ASSERT_THAT(
        RunCommand({"tar", "--create", "--sort=name", "--file",
                    PathOf("root.tar"), "--directory", PathOf("root"), "."}),
        IsOk());
  }

  // Appends a patch; without a header it has no condition.
  void AddPatch(const std::string& content, const std::string& when_header = "",
                const std::string& matches = "") {
    KernelPatch& patch = *request_.add_patches();
    patch.set_path(PathOf(absl::StrCat("p", request_.patches_size())));
    patch.set_when_header(when_header);
    patch.set_matches(matches);
    ASSERT_THAT(WriteFileAtomically(patch.path(), content), IsOk());
  }

  absl::Status Select() {
    request_.set_root_tar(PathOf("root.tar"));
    request_.set_container_facts(PathOf("facts"));
    fs::create_directories(PathOf("out"));
    request_.set_patches_tar(PathOf("out/patches.tar"));
    request_.set_log(PathOf("out/log"));
    return SelectPatches(request_);
  }

  // Expects that exactly patches with these contents are selected.
  void ExpectSelected(const std::map<std::string, std::string>& patches) {
    GANTRY_ASSERT_OK_AND_ASSIGN(const std::string tar, MakeTar(patches));
    GANTRY_ASSERT_OK_AND_ASSIGN(const std::string written,
                                ReadFile(PathOf("out/patches.tar")));
    EXPECT_TRUE(written == tar);
  }

  const TempDir directory_ = *TempDir::Create(testing::TempDir());
  PatchSelection request_;
};

TEST_F(SelectPatchesTest, ConditionsDecide) {
  AddPatch("always");
  AddPatch("matches", kHeader, "four,.*args");
  AddPatch("does not match", kHeader, "three");
  AddPatch("generated", "include/generated/autoconf.h", "CONFIG_X 1");
  AddPatch("no header", "include/linux/cpi.h", ".");
  ASSERT_THAT(Select(), IsOk());
  ExpectSelected({{"0001.patch", "always"},
                  {"0002.patch", "matches"},
                  {"0003.patch", "generated"}});
  EXPECT_THAT(
      ReadFile(PathOf("out/log")),
      IsOkAndHolds(
          "patch 1: applied as 0001.patch\n"
          "patch 2: applied as 0002.patch\n"
          "patch 3: not applied: include/linux/pci.h does not match three\n"
          "patch 4: applied as 0003.patch\n"
          "patch 5: not applied: the kernel has no include/linux/cpi.h\n"));
}

TEST_F(SelectPatchesTest, BytesDependOnlyOnThePatchesThatApply) {
  AddPatch("matches", kHeader, "four,.*args");
  ASSERT_THAT(Select(), IsOk());
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::string before,
                              ReadFile(PathOf("out/patches.tar")));
  request_.clear_patches();
  AddPatch("does not match", kHeader, "three");
  AddPatch("matches", kHeader, "args");
  AddPatch("does not match", kHeader, "five");
  ASSERT_THAT(Select(), IsOk());
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::string after,
                              ReadFile(PathOf("out/patches.tar")));
  EXPECT_TRUE(after == before);
}

TEST_F(SelectPatchesTest, WithoutPatchesTheTarIsEmpty) {
  ASSERT_THAT(Select(), IsOk());
  ExpectSelected({});
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::string without,
                              ReadFile(PathOf("out/patches.tar")));
  AddPatch("does not match", kHeader, "three");
  ASSERT_THAT(Select(), IsOk());
  EXPECT_THAT(ReadFile(PathOf("out/patches.tar")), IsOkAndHolds(without));
}

TEST_F(SelectPatchesTest, ContainerIsNotReadWithoutAConditionalPatch) {
  fs::remove(PathOf("root.tar"));
  fs::remove(PathOf("facts"));
  AddPatch("always");
  ASSERT_THAT(Select(), IsOk());
  ExpectSelected({{"0001.patch", "always"}});
}

TEST_F(SelectPatchesTest, PatchesKeepTheirOrder) {
  std::map<std::string, std::string> expected;
  for (int i = 1; i <= 11; ++i) {
    AddPatch(absl::StrCat(i));
    expected[absl::StrCat(i < 10 ? "000" : "00", i, ".patch")] =
        absl::StrCat(i);
  }
  ASSERT_THAT(Select(), IsOk());
  ExpectSelected(expected);
}

TEST_F(SelectPatchesTest, HeaderMayBeALinkOrAHardLink) {
  // The first path in the tar has the content, and is not that of a header.
  WriteInRoot("usr/src/a-shared/pool", "hard\n");
  fs::create_hard_link(InRoot("usr/src/a-shared/pool"),
                       InRoot("usr/src/headers-common/include/linux/hard.h"));
  WriteInRoot("usr/src/a-shared/pool2", "soft\n");
  LinkInRoot("usr/src/a-shared/link", "/usr/src/a-shared/pool2");
  LinkInRoot("usr/src/headers-common/include/linux/soft.h",
             "../../../a-shared/link");
  PackRoot();
  AddPatch("hard", "include/linux/hard.h", "^hard\n");
  AddPatch("soft", "include/linux/soft.h", "^soft\n");
  ASSERT_THAT(Select(), IsOk());
  ExpectSelected({{"0001.patch", "hard"}, {"0002.patch", "soft"}});
}

TEST_F(SelectPatchesTest, MalformedPatternIsNamedAndLeavesNoOutput) {
  AddPatch("x", kHeader, "pci(");
  EXPECT_THAT(Select(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "patch p1: malformed pattern: missing ): pci("));
  EXPECT_TRUE(fs::is_empty(PathOf("out")));
}

TEST_F(SelectPatchesTest, MissingBuildTreeIsNotFound) {
  AddPatch("x", kHeader, "pci");
  ASSERT_THAT(
      WriteFileAtomically(PathOf("facts"), "build_path: \"/no/such/tree\"\n"),
      IsOk());
  EXPECT_THAT(Select(),
              StatusIs(absl::StatusCode::kNotFound,
                       HasSubstr("developer container: /no/such/tree: ")));
}

}  // namespace
}  // namespace gantry::modules
