#include "payload/image/layer_writer.h"

#include <sys/stat.h>
#include <unistd.h>

#include <clocale>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/subprocess.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry::image {
namespace {

using payload::v1::FileEntry;
using payload::v1::LayerDescriptor;

// Takes several chunks and several jobs of zstd; half of it compresses well.
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
    return JoinPath(folder_.path(), name);
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

  // Path of a tar out of these entries.
  std::string Tar(const std::vector<std::string>& entries) {
    std::string archive;
    for (const std::string& entry : entries) archive += entry;
    absl::StrAppend(&archive, TarEnd());
    EXPECT_TRUE(WriteFileAtomically(Path("tree.tar"), archive).ok());
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
    const auto entries = ContentOfTar(tar);
    if (!entries.ok()) return entries.status();
    return WriteLayer(options, *entries);
  }

  std::string Error(const std::string& tar) {
    const absl::Status status = Write(tar, Options()).status();
    EXPECT_EQ(access(Path("layer").c_str(), F_OK), -1);
    return status.ToString();
  }

  // The tar inside, by the command-line tool of the compression.
  std::string Decompress(const std::string& blob) const {
    const std::string tool = GetParam() == Compression::kZstd ? "zstd" : "gzip";
    const std::string suffix = tool == "zstd" ? ".zst" : ".gz";
    EXPECT_EQ(rename(blob.c_str(), (blob + suffix).c_str()), 0);
    auto tar = RunCommand({tool, "-dc", blob + suffix});
    EXPECT_EQ(rename((blob + suffix).c_str(), blob.c_str()), 0);
    EXPECT_TRUE(tar.ok()) << tar.status();
    return tar.value_or("");
  }

  const TempDir folder_ = *TempDir::Create();
};

INSTANTIATE_TEST_SUITE_P(Compressions, LayerWriterTest,
                         testing::Values(Compression::kZstd,
                                         Compression::kGzip),
                         [](const auto& info) {
                           return info.param == Compression::kZstd
                                      ? std::string("Zstd")
                                      : std::string("Gzip");
                         });

TEST_P(LayerWriterTest, DigestsAreThoseOfTheIndependentTools) {
  const std::string tar =
      Tar({File("lib64/big", BigContent(1, 9 << 20)), File("empty", ""),
           File("bin/tool", BigContent(2, 3000001), 0755)});
  const auto layer = Write(tar, Options());
  ASSERT_TRUE(layer.ok()) << layer.status();
  const std::string blob = *ReadFile(Path("layer"));
  EXPECT_EQ(layer->digest(), Sha256Digest(blob));
  EXPECT_EQ(layer->size(), blob.size());

  const std::string inside = Decompress(Path("layer"));
  ASSERT_TRUE(WriteFileAtomically(Path("inside.tar"), inside).ok());
  const std::string sum = *RunCommand({"sha256sum", Path("inside.tar")});
  EXPECT_EQ(layer->diff_id(), "sha256:" + sum.substr(0, 64));

  const std::string out = Path("out");
  ASSERT_TRUE(CreateDirectories(out).ok());
  ASSERT_TRUE(RunCommand({"tar", "-xf", Path("inside.tar"), "-C", out}).ok());
  int regular = 0;
  for (const FileEntry& file : layer->component().file()) {
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

TEST_P(LayerWriterTest, DescriptorListsFoldersBeforeTheirContent) {
  const auto layer = Write(Tar({File("lib64/libx.so.1.2", "x"),
                                Link("lib64/libx.so.1", "libx.so.1.2"),
                                File("bin/tool", "y", 0755)}),
                           Options());
  ASSERT_TRUE(layer.ok()) << layer.status();
  EXPECT_EQ(layer->component().kind(), payload::v1::COMPONENT_KIND_CUDA);
  EXPECT_EQ(layer->component().source_path(), "/payload/cuda/12.4");
  std::vector<std::string> paths;
  for (const FileEntry& file : layer->component().file()) {
    paths.push_back(file.path());
  }
  EXPECT_THAT(
      paths, testing::ElementsAre("bin", "bin/tool", "lib64", "lib64/libx.so.1",
                                  "lib64/libx.so.1.2"));
  EXPECT_EQ(layer->component().file(3).link_target(), "libx.so.1.2");
  EXPECT_EQ(layer->component().file(3).mode(), 0);
}

TEST_P(LayerWriterTest, ParentFoldersAreInTheLayer) {
  ASSERT_TRUE(Write(Tar({File("x", "x")}), Options()).ok());
  ASSERT_TRUE(
      WriteFileAtomically(Path("in.tar"), Decompress(Path("layer"))).ok());
  EXPECT_EQ(
      *RunCommand({"tar", "--numeric-owner", "--utc", "-tvf", Path("in.tar")}),
      "drwxr-xr-x 0/0               0 1970-01-01 00:00 payload/\n"
      "drwxr-xr-x 0/0               0 1970-01-01 00:00 payload/cuda/\n"
      "drwxr-xr-x 0/0               0 1970-01-01 00:00 "
      "payload/cuda/12.4/\n"
      "-rw-r--r-- 0/0               1 1970-01-01 00:00 "
      "payload/cuda/12.4/x\n");
}

TEST_P(LayerWriterTest, BytesDependOnNothingButTheContent) {
  const std::string big = File("lib64/big", BigContent(1, 20 << 20));
  const std::string small = File("bin/tool", "y", 0755);
  const std::string link = Link("lib64/link", "big");
  LayerOptions options = Options();
  options.threads = 1;
  const auto first = Write(Tar({big, small, link}), options);
  ASSERT_TRUE(first.ok()) << first.status();

  // Another order, time zone, locale, umask, folder and number of threads.
  setenv("TZ", "Asia/Tokyo", 1);
  setenv("LC_ALL", "tr_TR.UTF-8", 1);
  std::setlocale(LC_ALL, "");
  const mode_t old_umask = umask(0077);
  const std::string old_folder = *RunCommand({"pwd"});
  ASSERT_EQ(chdir("/"), 0);
  for (const int threads : {2, 5}) {
    options.threads = threads;
    options.output = Path(absl::StrCat("layer", threads));
    const auto again = Write(Tar({link, small, big}), options);
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_EQ(again->SerializeAsString(), first->SerializeAsString());
    EXPECT_EQ(*ReadFile(options.output), *ReadFile(Path("layer")));
  }
  umask(old_umask);
  ASSERT_EQ(chdir(old_folder.substr(0, old_folder.size() - 1).c_str()), 0);
}

TEST_P(LayerWriterTest, EntryTwiceIsRefused) {
  EXPECT_EQ(Error(Tar({File("a", "1"), File("./a", "1")})),
            absl::StrCat("INVALID_ARGUMENT: ", Path("tree.tar"),
                         ": a is in the archive twice"));
}

TEST_P(LayerWriterTest, EntryBelowALinkIsRefused) {
  EXPECT_EQ(Error(Tar({Link("a", "b"), File("a/x", "1")})),
            absl::StrCat("INVALID_ARGUMENT: ", Path("tree.tar"),
                         ": a/x lies below a, which is no folder"));
}

TEST_P(LayerWriterTest, LinkOutOfTheTreeIsRefused) {
  EXPECT_EQ(Error(Tar({Link("lib64/a", "../../etc/passwd")})),
            absl::StrCat("INVALID_ARGUMENT: ", Path("tree.tar"),
                         ": lib64/a: unsafe path \"../../etc/passwd\": it "
                         "leads out of the tree"));
  EXPECT_EQ(Error(Tar({Link("a", "/etc/passwd")})),
            absl::StrCat("INVALID_ARGUMENT: ", Path("tree.tar"),
                         ": a: unsafe path \"/etc/passwd\": it is absolute"));
}

TEST_P(LayerWriterTest, TreeThatIsCutOffMeanwhileLeavesNothing) {
  const std::string tar = Tar({File("a", BigContent(1, 5 << 20))});
  const auto entries = ContentOfTar(tar);
  ASSERT_TRUE(entries.ok());
  ASSERT_EQ(truncate(tar.c_str(), 1 << 20), 0);
  EXPECT_EQ(WriteLayer(Options(), *entries).status().ToString(),
            absl::StrCat("DATA_LOSS: a: ", tar, ": truncated: it ends at byte ",
                         1 << 20));
  EXPECT_EQ(access(Path("layer").c_str(), F_OK), -1);
}

TEST_P(LayerWriterTest, FullDiskLeavesNothing) {
  const std::string tar = Tar({File("a", BigContent(1, 16 << 20))});
  ASSERT_EQ(symlink("/dev/full", Path("layer").c_str()), 0);
  EXPECT_EQ(Error(tar), absl::StrCat("RESOURCE_EXHAUSTED: ", Path("layer"),
                                     ": No space left on device"));
}

TEST_P(LayerWriterTest, PrefixMustBeAFolder) {
  LayerOptions options = Options();
  for (const std::string prefix : {"", "/", "x", "/a/../b", "/a/"}) {
    options.prefix = prefix;
    EXPECT_EQ(Write(Tar({File("a", "1")}), options).status().ToString(),
              absl::StrCat("INVALID_ARGUMENT: prefix \"", prefix,
                           "\" is not an absolute folder like /payload/x"));
  }
}

TEST_P(LayerWriterTest, InstallerIsAProgramAndNoComponent) {
  ASSERT_TRUE(WriteFileAtomically(Path("bin"), "elf").ok());
  const auto entries = ContentOfPrograms({{"install", Path("bin")}});
  ASSERT_TRUE(entries.ok());
  LayerOptions options = Options();
  options.prefix = "/gantry";
  options.kind = payload::v1::COMPONENT_KIND_UNSPECIFIED;
  const auto layer = WriteLayer(options, *entries);
  ASSERT_TRUE(layer.ok()) << layer.status();
  EXPECT_FALSE(layer->has_component());
  ASSERT_TRUE(
      WriteFileAtomically(Path("in.tar"), Decompress(Path("layer"))).ok());
  EXPECT_THAT(*RunCommand({"tar", "-tvf", Path("in.tar")}),
              testing::ContainsRegex("-rwxr-xr-x .* gantry/install\n"));
}

}  // namespace
}  // namespace gantry::image
