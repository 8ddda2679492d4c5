#include "payload/image/layer_writer.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <clocale>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/subprocess.h"
#include "base/tar_header.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry::image {
namespace {

using payload::v1::FileEntry;
using payload::v1::LayerDescriptor;

// Fills several chunks and several jobs of zstd; half of it compresses well.
std::string BigContent(unsigned seed, size_t size) {
  std::mt19937 random(seed);
  std::string content(size, 'x');
  for (size_t i = 0; i + 4 <= size / 2; i += 4) {
    const uint32_t value = random();
    std::memcpy(&content[i], &value, sizeof(value));
  }
  return content;
}

class LayerWriterTest : public testing::TestWithParam<Compression> {
 protected:
  std::string Path(const std::string& name) const {
    return JoinPath(temp_.path(), name);
  }

  static std::string File(const std::string& path, const std::string& content,
                          uint32_t mode = 0644) {
    TarEntry entry;
    entry.path = path;
    entry.mode = mode;
    entry.size = content.size();
    return TarHeader(entry) + content + std::string(TarPadding(content.size()));
  }

  static std::string Link(const std::string& path, const std::string& target) {
    TarEntry entry;
    entry.path = path;
    entry.type = TarEntryType::kSymlink;
    entry.link_target = target;
    return TarHeader(entry);
  }

  // Writes a tar of these entries, and returns its path.
  std::string Tar(const std::vector<std::string>& entries) {
    std::string archive;
    for (const std::string& entry : entries) archive += entry;
    absl::StrAppend(&archive, TarEnd());
    EXPECT_THAT(WriteFileAtomically(Path("tree.tar"), archive), IsOk());
    return Path("tree.tar");
  }

  LayerOptions Options(const std::string& name = "layer") const {
    LayerOptions options;
    options.prefix = "/payload/cuda/12.4";
    options.kind = payload::v1::COMPONENT_KIND_CUDA;
    options.compression = GetParam();
    options.threads = 2;
    options.output = Path(name);
    return options;
  }

  static absl::StatusOr<LayerDescriptor> Write(const std::string& tar,
                                               const LayerOptions& options) {
    const auto entries = ReadTarContent(tar);
    if (!entries.ok()) return entries.status();
    return WriteLayer(options, *entries);
  }

  // Writes a layer, which must fail and leave no file.
  absl::Status Error(const std::string& tar) {
    const absl::Status status = Write(tar, Options()).status();
    EXPECT_EQ(access(Path("layer").c_str(), F_OK), -1);
    return status;
  }

  // Decompresses a blob with the command-line tool for its compression.
  std::string Decompress(const std::string& blob) const {
    const std::string tool = GetParam() == Compression::kZstd ? "zstd" : "gzip";
    const std::string suffix = tool == "zstd" ? ".zst" : ".gz";
    EXPECT_EQ(rename(blob.c_str(), (blob + suffix).c_str()), 0);
    auto tar = RunCommand({tool, "-dc", blob + suffix});
    EXPECT_EQ(rename((blob + suffix).c_str(), blob.c_str()), 0);
    EXPECT_THAT(tar, IsOk());
    return tar.value_or("");
  }

  const TempDir temp_ = *TempDir::Create();
};

INSTANTIATE_TEST_SUITE_P(Compressions, LayerWriterTest,
                         testing::Values(Compression::kZstd,
                                         Compression::kGzip),
                         [](const auto& info) {
                           return info.param == Compression::kZstd
                                      ? std::string("Zstd")
                                      : std::string("Gzip");
                         });

TEST_P(LayerWriterTest, DigestsMatchThoseOfOtherTools) {
  const std::string tar =
      Tar({File("lib64/big", BigContent(1, 9 << 20)), File("empty", ""),
           File("bin/tool", BigContent(2, 3000001), 0755)});
  const auto layer = Write(tar, Options());
  ASSERT_THAT(layer, IsOk());
  const std::string blob = *ReadFile(Path("layer"));
  EXPECT_EQ(layer->digest(), Sha256Digest(blob));
  EXPECT_EQ(layer->size(), blob.size());

  const std::string inside = Decompress(Path("layer"));
  ASSERT_THAT(WriteFileAtomically(Path("inside.tar"), inside), IsOk());
  const std::string sum = *RunCommand({"sha256sum", Path("inside.tar")});
  EXPECT_EQ(layer->diff_id(), "sha256:" + sum.substr(0, 64));

  const std::string out = Path("out");
  ASSERT_THAT(CreateDirectories(out), IsOk());
  ASSERT_THAT(RunCommand({"tar", "-xf", Path("inside.tar"), "-C", out}),
              IsOk());
  int regular = 0;
  for (const FileEntry& file : layer->component().files()) {
    const std::string path =
        JoinPath(JoinPath(out, "payload/cuda/12.4"), file.path());
    struct stat stat;
    ASSERT_EQ(lstat(path.c_str(), &stat), 0) << path;
    EXPECT_EQ(stat.st_mode & 07777, file.mode()) << path;
    if (file.type() != payload::v1::FILE_TYPE_REGULAR) continue;
    ++regular;
    EXPECT_EQ(*FileSha256Digest(path), file.digest()) << path;
    EXPECT_EQ(stat.st_size, file.size()) << path;
  }
  EXPECT_EQ(regular, 3);
}

TEST_P(LayerWriterTest, DescriptorListsDirectoriesBeforeTheirEntries) {
  const auto layer = Write(Tar({File("lib64/libx.so.1.2", "x"),
                                Link("lib64/libx.so.1", "libx.so.1.2"),
                                File("bin/tool", "y", 0755)}),
                           Options());
  ASSERT_THAT(layer, IsOk());
  EXPECT_EQ(layer->component().kind(), payload::v1::COMPONENT_KIND_CUDA);
  EXPECT_EQ(layer->component().source_path(), "/payload/cuda/12.4");
  std::vector<std::string> paths;
  for (const FileEntry& file : layer->component().files()) {
    paths.push_back(file.path());
  }
  EXPECT_THAT(
      paths, testing::ElementsAre("bin", "bin/tool", "lib64", "lib64/libx.so.1",
                                  "lib64/libx.so.1.2"));
  EXPECT_EQ(layer->component().files(3).link_target(), "libx.so.1.2");
  EXPECT_EQ(layer->component().files(3).mode(), 0);
}

TEST_P(LayerWriterTest, LayerContainsParentDirectories) {
  ASSERT_THAT(Write(Tar({File("x", "x")}), Options()), IsOk());
  ASSERT_THAT(WriteFileAtomically(Path("in.tar"), Decompress(Path("layer"))),
              IsOk());
  EXPECT_EQ(
      *RunCommand({"tar", "--numeric-owner", "--utc", "-tvf", Path("in.tar")}),
      "drwxr-xr-x 0/0               0 1970-01-01 00:00 payload/\n"
      "drwxr-xr-x 0/0               0 1970-01-01 00:00 payload/cuda/\n"
      "drwxr-xr-x 0/0               0 1970-01-01 00:00 "
      "payload/cuda/12.4/\n"
      "-rw-r--r-- 0/0               1 1970-01-01 00:00 "
      "payload/cuda/12.4/x\n");
}

TEST_P(LayerWriterTest, BytesDependOnlyOnTheContent) {
  const std::string big = File("lib64/big", BigContent(1, 20 << 20));
  const std::string small = File("bin/tool", "y", 0755);
  const std::string link = Link("lib64/link", "big");
  LayerOptions options = Options();
  options.threads = 1;
  const auto first = Write(Tar({big, small, link}), options);
  ASSERT_THAT(first, IsOk());

  // Another order, time zone, locale, umask, working directory and number of
  // threads.
  setenv("TZ", "Asia/Tokyo", 1);
  setenv("LC_ALL", "tr_TR.UTF-8", 1);
  std::setlocale(LC_ALL, "");
  const mode_t old_umask = umask(0077);
  const std::string old_directory = *RunCommand({"pwd"});
  ASSERT_EQ(chdir("/"), 0);
  for (const int threads : {2, 5}) {
    options.threads = threads;
    options.output = Path(absl::StrCat("layer", threads));
    const auto again = Write(Tar({link, small, big}), options);
    ASSERT_THAT(again, IsOk());
    EXPECT_EQ(again->SerializeAsString(), first->SerializeAsString());
    EXPECT_EQ(*ReadFile(options.output), *ReadFile(Path("layer")));
  }
  umask(old_umask);
  ASSERT_EQ(chdir(old_directory.substr(0, old_directory.size() - 1).c_str()),
            0);
}

TEST_P(LayerWriterTest, DuplicateEntryIsRefused) {
  EXPECT_THAT(
      Error(Tar({File("a", "1"), File("./a", "1")})),
      StatusIs(absl::StatusCode::kInvalidArgument,
               absl::StrCat(Path("tree.tar"), ": a is in the archive twice")));
}

TEST_P(LayerWriterTest, EntryBelowALinkIsRefused) {
  EXPECT_THAT(
      Error(Tar({Link("a", "b"), File("a/x", "1")})),
      StatusIs(absl::StatusCode::kInvalidArgument,
               absl::StrCat(Path("tree.tar"),
                            ": a/x is below a, which is not a directory")));
}

TEST_P(LayerWriterTest, LinkOutOfTheTreeIsRefused) {
  EXPECT_THAT(
      Error(Tar({Link("lib64/a", "../../etc/passwd")})),
      StatusIs(absl::StatusCode::kInvalidArgument,
               absl::StrCat(Path("tree.tar"),
                            ": lib64/a: unsafe path \"../../etc/passwd\": it "
                            "leads out of the tree")));
  EXPECT_THAT(
      Error(Tar({Link("a", "/etc/passwd")})),
      StatusIs(
          absl::StatusCode::kInvalidArgument,
          absl::StrCat(Path("tree.tar"),
                       ": a: unsafe path \"/etc/passwd\": it is absolute")));
}

TEST_P(LayerWriterTest, TreeThatIsTruncatedMeanwhileLeavesNoFile) {
  const std::string tar = Tar({File("a", BigContent(1, 5 << 20))});
  const auto entries = ReadTarContent(tar);
  ASSERT_THAT(entries, IsOk());
  ASSERT_EQ(truncate(tar.c_str(), 1 << 20), 0);
  EXPECT_THAT(
      WriteLayer(Options(), *entries).status(),
      StatusIs(
          absl::StatusCode::kDataLoss,
          absl::StrCat("a: ", tar, ": truncated: ends before byte ", 1 << 20)));
  EXPECT_EQ(access(Path("layer").c_str(), F_OK), -1);
}

TEST_P(LayerWriterTest, FullDiskLeavesNoFile) {
  const std::string tar = Tar({File("a", BigContent(1, 16 << 20))});
  ASSERT_EQ(symlink("/dev/full", Path("layer").c_str()), 0);
  EXPECT_THAT(Error(tar), StatusIs(absl::StatusCode::kResourceExhausted,
                                   absl::StrCat(Path("layer"),
                                                ": No space left on device")));
}

TEST_P(LayerWriterTest, PrefixMustBeAnAbsoluteDirectory) {
  LayerOptions options = Options();
  for (const std::string prefix : {"", "/", "x", "/a/../b", "/a/"}) {
    options.prefix = prefix;
    EXPECT_THAT(Write(Tar({File("a", "1")}), options),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         absl::StrCat("prefix \"", prefix,
                                      "\" is not an absolute directory like "
                                      "/payload/x")));
  }
}

TEST_P(LayerWriterTest, InstallerIsNotAComponent) {
  ASSERT_THAT(WriteFileAtomically(Path("bin"), "elf"), IsOk());
  const auto entries = ReadProgramContent({{"install", Path("bin")}});
  ASSERT_THAT(entries, IsOk());
  LayerOptions options = Options();
  options.prefix = "/gantry";
  options.kind = payload::v1::COMPONENT_KIND_UNSPECIFIED;
  const auto layer = WriteLayer(options, *entries);
  ASSERT_THAT(layer, IsOk());
  EXPECT_FALSE(layer->has_component());
  ASSERT_THAT(WriteFileAtomically(Path("in.tar"), Decompress(Path("layer"))),
              IsOk());
  EXPECT_THAT(*RunCommand({"tar", "-tvf", Path("in.tar")}),
              testing::ContainsRegex("-rwxr-xr-x .* gantry/install\n"));
}

}  // namespace
}  // namespace gantry::image
