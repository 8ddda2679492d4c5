#include "payload/proof/module_archive.h"

#include <archive.h>
#include <archive_entry.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "payload/proof/sample_modules.h"

namespace gantry::proof {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kRelease[] = "6.1.0-test";

struct File {
  std::string path;
  std::string content;
};

la_ssize_t Append(archive*, void* output, const void* data, size_t size) {
  static_cast<std::string*>(output)->append(static_cast<const char*>(data),
                                            size);
  return static_cast<la_ssize_t>(size);
}

void AddFile(archive* writer, const File& file) {
  archive_entry* const entry = archive_entry_new();
  archive_entry_set_pathname(entry, file.path.c_str());
  archive_entry_set_filetype(entry, AE_IFREG);
  archive_entry_set_perm(entry, 0644);
  archive_entry_set_size(entry, static_cast<la_int64_t>(file.content.size()));
  ASSERT_EQ(archive_write_header(writer, entry), ARCHIVE_OK);
  archive_write_data(writer, file.content.data(), file.content.size());
  archive_entry_free(entry);
}

// `content` as xz, zstd or gzip compress it.
std::string Compressed(int filter, const std::string& content) {
  std::string bytes;
  archive* const writer = archive_write_new();
  archive_write_set_format_raw(writer);
  archive_write_add_filter(writer, filter);
  archive_write_set_bytes_in_last_block(writer, 1);  // No padding.
  archive_write_open(writer, &bytes, nullptr, Append, nullptr);
  AddFile(writer, {"data", content});
  archive_write_close(writer);
  archive_write_free(writer);
  return bytes;
}

// The sample module with another `depends`.
std::string ModuleThatDependsOn(const std::string& names) {
  std::string bytes = SampleModule("plain");
  const std::string before = "depends=i2c-core,drm";
  std::string after = "depends=" + names;
  after.resize(before.size(), '\0');
  bytes.replace(bytes.find(before), before.size(), after);
  return bytes;
}

class ModuleArchiveTest : public testing::Test {
 protected:
  ModuleArchiveTest() : folder_(*TempDir::Create(testing::TempDir())) {}

  std::string WriteTar(const std::vector<File>& files) {
    std::string bytes;
    archive* const writer = archive_write_new();
    archive_write_set_format_pax_restricted(writer);
    archive_write_open(writer, &bytes, nullptr, Append, nullptr);
    for (const File& file : files) AddFile(writer, file);
    archive_write_close(writer);
    archive_write_free(writer);
    const std::string path = JoinPath(folder_.path(), "a.tar");
    EXPECT_TRUE(WriteFileAtomically(path, bytes).ok());
    return path;
  }

  const TempDir folder_;
};

std::vector<std::string> Names(const std::vector<NamedModule>& modules) {
  std::vector<std::string> names;
  for (const NamedModule& module : modules) names.push_back(module.name);
  return names;
}

TEST_F(ModuleArchiveTest, ModulesComeInLoadingOrder) {
  const auto modules = ReadModuleTar(WriteTar(
      {{"a.ko", "A"}, {"b-c.ko", "B"}, {"modules.order", "b-c\na\n"}}));
  ASSERT_TRUE(modules.ok()) << modules.status();
  EXPECT_THAT(Names(*modules), ElementsAre("b-c", "a"));
  EXPECT_EQ((*modules)[0].bytes, "B");
}

TEST_F(ModuleArchiveTest, NamesAndFilesHaveToAgree) {
  const std::pair<std::vector<File>, std::string> cases[] = {
      {{{"a.ko", "A"}}, "no modules.order"},
      {{{"modules.order", "a\n"}},
       "modules.order names a, of which there is no file"},
      {{{"a.ko", "A"}, {"modules.order", "a\na\n"}},
       "modules.order names a, of which there is no file"},
      {{{"a.ko", "A"}, {"b.ko", "B"}, {"modules.order", "a\n"}},
       "modules.order does not name b.ko"},
      {{{"modules.order", "\n"}}, "no modules"},
  };
  for (const auto& [files, message] : cases) {
    const std::string path = WriteTar(files);
    EXPECT_EQ(ReadModuleTar(path).status(),
              absl::InvalidArgumentError(absl::StrCat(path, ": ", message)));
  }
}

TEST_F(ModuleArchiveTest, TruncatedTarIsInvalid) {
  const std::string path =
      WriteTar({{"a.ko", std::string(5000, 'A')}, {"modules.order", "a\n"}});
  const std::string bytes = *ReadFile(path);
  ASSERT_TRUE(WriteFileAtomically(path, bytes.substr(0, 3000)).ok());
  EXPECT_EQ(ReadModuleTar(path).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(ModuleArchiveTest, InTreeModulesComeAfterWhatTheyDependOn) {
  const std::string top =
      absl::StrCat("usr/lib/modules/", kRelease, "/kernel/");
  const std::string path = WriteTar({
      {"usr/lib/os-release", "ID=x"},
      {top + "a/top-most.ko.xz",
       Compressed(ARCHIVE_FILTER_XZ, ModuleThatDependsOn("mid,low"))},
      {top + "b/mid.ko.zst",
       Compressed(ARCHIVE_FILTER_ZSTD, ModuleThatDependsOn("low"))},
      {"./" + top + "c/low.ko.gz",
       Compressed(ARCHIVE_FILTER_GZIP, ModuleThatDependsOn(""))},
      {top + "d/other.ko", "never read"},
      {"usr/lib/modules/6.1.0-other/kernel/low.ko", "another kernel's"},
  });
  const auto modules = ReadInTreeModules(path, kRelease, {"top_most"});
  ASSERT_TRUE(modules.ok()) << modules.status();
  EXPECT_THAT(Names(*modules), ElementsAre("low", "mid", "top_most"));
  EXPECT_EQ((*modules)[0].bytes, ModuleThatDependsOn(""));
  EXPECT_EQ((*modules)[2].bytes, ModuleThatDependsOn("mid,low"));
}

TEST_F(ModuleArchiveTest, OlderLayoutsAreFoundToo) {
  for (const char* lib : {"lib", "usr/lib64", "lib64"}) {
    const std::string path =
        WriteTar({{absl::StrCat(lib, "/modules/", kRelease, "/extra/a.ko"),
                   ModuleThatDependsOn("")}});
    const auto modules = ReadInTreeModules(path, kRelease, {"a"});
    ASSERT_TRUE(modules.ok()) << modules.status();
    EXPECT_THAT(Names(*modules), ElementsAre("a"));
  }
}

TEST_F(ModuleArchiveTest, NothingWantedIsNothingRead) {
  const auto modules = ReadInTreeModules("/nonexistent", kRelease, {});
  ASSERT_TRUE(modules.ok()) << modules.status();
  EXPECT_THAT(*modules, IsEmpty());
}

TEST_F(ModuleArchiveTest, MissingInTreeModuleIsNamed) {
  const std::string path =
      WriteTar({{absl::StrCat("lib/modules/", kRelease, "/kernel/a.ko"),
                 ModuleThatDependsOn("gone")}});
  EXPECT_EQ(
      ReadInTreeModules(path, kRelease, {"a"}).status(),
      absl::NotFoundError(absl::StrCat(path, ": kernel ", kRelease,
                                       " has no module gone, which a needs")));
  EXPECT_EQ(ReadInTreeModules(path, kRelease, {"b"}).status(),
            absl::NotFoundError(absl::StrCat(path, ": kernel ", kRelease,
                                             " has no module b, which a module "
                                             "under proof needs")));
}

TEST_F(ModuleArchiveTest, DamagedInTreeModuleIsNamed) {
  const std::string name =
      absl::StrCat("lib/modules/", kRelease, "/kernel/a.ko");
  const auto status =
      ReadInTreeModules(WriteTar({{name, "text"}}), kRelease, {"a"}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              testing::StartsWith(name + ": not a kernel module: "));
}

}  // namespace
}  // namespace gantry::proof
