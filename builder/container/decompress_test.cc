#include "builder/container/decompress.h"

#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/subprocess.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry::container {
namespace {

struct Compressor {
  std::string program;
  std::string format;
};

class DecompressTest : public testing::Test {
 protected:
  DecompressTest() : directory_(*TempDir::Create()) {
    // Data, a hole of 6 MiB, data that does not fill a block.
    content_.assign(8 << 20, '\0');
    uint32_t random = 1;
    for (int i = 0; i < 1 << 18; ++i) {
      random = random * 1664525 + 1013904223;
      content_[i] = random >> 24;
    }
    content_.replace((6 << 20) + 1, 4, "text");
    content_ += "the end";
    plain_ = JoinPath(directory_.path(), "plain");
    EXPECT_THAT(WriteFileAtomically(plain_, content_), IsOk());
    unpacked_ = JoinPath(directory_.path(), "unpacked");
    EXPECT_THAT(CreateDirectories(unpacked_), IsOk());
  }

  std::string Compress(const std::string& program) {
    const auto compressed = RunCommand({program, "-c", plain_});
    EXPECT_THAT(compressed, IsOk());
    const std::string path = JoinPath(directory_.path(), "an-image");
    EXPECT_THAT(WriteFileAtomically(path, *compressed), IsOk());
    return path;
  }

  void ExpectUnpacks(const std::string& path) {
    const auto image = OpenImage(path, unpacked_);
    ASSERT_THAT(image, IsOk());
    ASSERT_EQ(image->size(), content_.size());
    EXPECT_EQ(image->name(), path);
    std::string read(content_.size(), 'x');
    ASSERT_THAT(image->ReadAt(0, &read[0], read.size()), IsOk());
    EXPECT_TRUE(read == content_);
    struct stat info;
    ASSERT_EQ(fstat(image->fd(), &info), 0);
    EXPECT_LT(info.st_blocks * 512, 1 << 20);
    EXPECT_TRUE(std::filesystem::is_empty(unpacked_));
  }

  const TempDir directory_;
  std::string content_;
  std::string plain_;
  std::string unpacked_;
};

const std::vector<Compressor>& Compressors() {
  static const auto& all = *new std::vector<Compressor>{
      {"bzip2", "bzip2"}, {"gzip", "gzip"}, {"xz", "xz"}, {"zstd", "zstd"}};
  return all;
}

TEST_F(DecompressTest, PlainImageIsNotCopied) {
  const auto image = OpenImage(plain_, unpacked_);
  ASSERT_THAT(image, IsOk());
  EXPECT_EQ(image->size(), content_.size());
}

TEST_F(DecompressTest, UnpacksEveryFormatIntoASparseUnnamedFile) {
  for (const Compressor& compressor : Compressors()) {
    SCOPED_TRACE(compressor.program);
    ExpectUnpacks(Compress(compressor.program));
  }
}

TEST_F(DecompressTest, UnpacksBzip2WithoutLbzip2) {
  const std::string image = Compress("bzip2");
  const std::string path = getenv("PATH");
  setenv("PATH", "/nonexistent", 1);
  ExpectUnpacks(image);
  setenv("PATH", path.c_str(), 1);
}

TEST_F(DecompressTest, UnpacksOutputOfParallelCompressors) {
  // lbzip2 writes many streams, one after the other.
  ExpectUnpacks(Compress("lbzip2"));
}

TEST_F(DecompressTest, TruncatedImageIsDataLoss) {
  for (const Compressor& compressor : Compressors()) {
    SCOPED_TRACE(compressor.program);
    const std::string image = Compress(compressor.program);
    std::filesystem::resize_file(image,
                                 std::filesystem::file_size(image) - 100000);
    EXPECT_THAT(OpenImage(image, unpacked_),
                StatusIs(absl::StatusCode::kDataLoss,
                         ::testing::StartsWith(absl::StrCat(
                             image, ": damaged or truncated ",
                             compressor.format, " data, after "))));
    EXPECT_TRUE(std::filesystem::is_empty(unpacked_));
  }
}

TEST_F(DecompressTest, DamagedImageIsDataLoss) {
  for (const Compressor& compressor : Compressors()) {
    SCOPED_TRACE(compressor.program);
    const std::string image = Compress(compressor.program);
    std::string bytes = *ReadFile(image);
    bytes[bytes.size() / 2] ^= 0xFF;
    ASSERT_THAT(WriteFileAtomically(image, bytes), IsOk());
    EXPECT_THAT(OpenImage(image, unpacked_),
                StatusIs(absl::StatusCode::kDataLoss));
  }
}

TEST_F(DecompressTest, BareMagicIsDataLoss) {
  for (const std::string& magic : {std::string("BZh9"), std::string("\x1f\x8b"),
                                   std::string("\xfd"
                                               "7zXZ\0",
                                               6),
                                   std::string("\x28\xb5\x2f\xfd")}) {
    const std::string image = JoinPath(directory_.path(), "image");
    ASSERT_THAT(WriteFileAtomically(image, magic), IsOk());
    EXPECT_THAT(OpenImage(image, unpacked_),
                StatusIs(absl::StatusCode::kDataLoss));
  }
}

TEST_F(DecompressTest, MissingImageAndDirectoryAreNamed) {
  EXPECT_THAT(OpenImage("/nonexistent", unpacked_),
              StatusIs(absl::StatusCode::kNotFound,
                       "/nonexistent: No such file or directory"));
  EXPECT_THAT(OpenImage(Compress("zstd"), "/nonexistent"),
              StatusIs(absl::StatusCode::kNotFound,
                       ::testing::StartsWith("/nonexistent/.")));
}

}  // namespace
}  // namespace gantry::container
