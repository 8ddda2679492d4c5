#include "payload/proof/in_tree_modules.h"

#include <archive.h>
#include <archive_entry.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "payload/proof/module_tar.h"
#include "payload/proof/test_module.h"
#include "payload/proof/test_tar.h"

namespace gantry::proof {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr char kRelease[] = "6.1.0-test";

la_ssize_t Append(archive*, void* output, const void* data, size_t size) {
  static_cast<std::string*>(output)->append(static_cast<const char*>(data),
                                            size);
  return static_cast<la_ssize_t>(size);
}

// Compresses `content` with one of libarchive's filters.
std::string Compressed(int filter, const std::string& content) {
  std::string bytes;
  archive* const writer = archive_write_new();
  archive_write_set_format_raw(writer);
  archive_write_add_filter(writer, filter);
  archive_write_set_bytes_in_last_block(writer, 1);  // No padding.
  archive_write_open(writer, &bytes, nullptr, Append, nullptr);
  archive_entry* const entry = archive_entry_new();
  archive_entry_set_filetype(entry, AE_IFREG);
  EXPECT_EQ(archive_write_header(writer, entry), ARCHIVE_OK);
  archive_write_data(writer, content.data(), content.size());
  archive_entry_free(entry);
  archive_write_close(writer);
  archive_write_free(writer);
  return bytes;
}

// The test module with another `depends`.
std::string ModuleThatDependsOn(const std::string& names) {
  std::string bytes = TestModule("plain");
  const std::string before = "depends=i2c-core,drm";
  std::string after = "depends=" + names;
  after.resize(before.size(), '\0');
  bytes.replace(bytes.find(before), before.size(), after);
  return bytes;
}

class InTreeModulesTest : public testing::Test {
 protected:
  InTreeModulesTest()
      : temp_(*TempDir::Create(testing::TempDir())),
        tar_(JoinPath(temp_.path(), "root.tar")) {}

  absl::StatusOr<std::vector<NamedModule>> Read(const std::string& name) {
    return ReadInTreeModules(tar_, kRelease, {name});
  }

  const TempDir temp_;
  const std::string tar_;
};

std::vector<std::string> Names(const std::vector<NamedModule>& modules) {
  std::vector<std::string> names;
  for (const NamedModule& module : modules) names.push_back(module.name);
  return names;
}

TEST_F(InTreeModulesTest, ModulesFollowWhatTheyDependOn) {
  const std::string top =
      absl::StrCat("usr/lib/modules/", kRelease, "/kernel/");
  WriteTestTar(
      tar_, {
                {"usr/lib/os-release", "ID=x"},
                {top + "a/top-most.ko.xz",
                 Compressed(ARCHIVE_FILTER_XZ, ModuleThatDependsOn("mid,low"))},
                {top + "b/mid.ko.zst",
                 Compressed(ARCHIVE_FILTER_ZSTD, ModuleThatDependsOn("low"))},
                {"./" + top + "c/low.ko.gz",
                 Compressed(ARCHIVE_FILTER_GZIP, ModuleThatDependsOn(""))},
                {top + "d/other.ko", "never read"},
                {"usr/lib/modules/6.1.0-other/kernel/low.ko", "other kernel"},
            });
  GANTRY_ASSERT_OK_AND_ASSIGN(const auto modules, Read("top_most"));
  EXPECT_THAT(Names(modules), ElementsAre("low", "mid", "top_most"));
  EXPECT_EQ(modules[0].bytes, ModuleThatDependsOn(""));
  EXPECT_EQ(modules[2].bytes, ModuleThatDependsOn("mid,low"));
}

TEST_F(InTreeModulesTest, ModulesAreFoundInOlderLayouts) {
  for (const char* lib : {"lib", "usr/lib64", "lib64"}) {
    WriteTestTar(tar_,
                 {{absl::StrCat(lib, "/modules/", kRelease, "/extra/a.ko"),
                   ModuleThatDependsOn("")}});
    GANTRY_ASSERT_OK_AND_ASSIGN(const auto modules, Read("a"));
    EXPECT_THAT(Names(modules), ElementsAre("a"));
  }
}

TEST_F(InTreeModulesTest, TarIsNotReadIfNoModuleIsNeeded) {
  EXPECT_THAT(ReadInTreeModules("/nonexistent", kRelease, {}),
              IsOkAndHolds(IsEmpty()));
}

TEST_F(InTreeModulesTest, MissingModuleIsReportedWithTheOneThatNeedsIt) {
  WriteTestTar(tar_, {{absl::StrCat("lib/modules/", kRelease, "/kernel/a.ko"),
                       ModuleThatDependsOn("gone")}});
  const std::string prefix =
      absl::StrCat(tar_, ": kernel ", kRelease, " has no module ");
  EXPECT_THAT(Read("a"), StatusIs(absl::StatusCode::kNotFound,
                                  prefix + "gone, which a needs"));
  EXPECT_THAT(Read("b"),
              StatusIs(absl::StatusCode::kNotFound,
                       prefix + "b, which a module under proof needs"));
}

TEST_F(InTreeModulesTest, DamagedModuleIsReportedWithItsPath) {
  const std::string path =
      absl::StrCat("lib/modules/", kRelease, "/kernel/a.ko");
  WriteTestTar(tar_, {{path, "text"}});
  EXPECT_THAT(Read("a"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       StartsWith(path + ": not a kernel module: ")));
}

}  // namespace
}  // namespace gantry::proof
