#include "release/publish/oci_layout.h"

#include <filesystem>
#include <string>

#include "base/digest.h"
#include "base/file.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry::publish {
namespace {

namespace fs = std::filesystem;
using ::gantry::payload::v1::Blob;
using ::testing::HasSubstr;

class OciLayoutTest : public testing::Test {
 protected:
  OciLayoutTest() : dir_(*TempDir::Create(testing::TempDir())) {}

  std::string path() const { return JoinPath(dir_.path(), "oci"); }

  // A blob whose source file has that content.
  Blob Write(const std::string& content) {
    source_ = JoinPath(dir_.path(), "source");
    EXPECT_TRUE(WriteFileAtomically(source_, content).ok());
    Blob blob;
    blob.set_digest(Sha256Digest(content));
    blob.set_size(static_cast<int64_t>(content.size()));
    blob.set_media_type("application/vnd.oci.image.manifest.v1+json");
    return blob;
  }

  int BlobCount() const {
    return std::distance(fs::directory_iterator(path() + "/blobs/sha256"), {});
  }

  TempDir dir_;
  std::string source_;
};

TEST_F(OciLayoutTest, KeepsBlobsByDigestAndFindsTags) {
  auto layout = OciLayout::Open(path());
  ASSERT_TRUE(layout.ok()) << layout.status();
  const Blob blob = Write("{}");
  ASSERT_TRUE(layout->PutBlob(blob, source_).ok());
  ASSERT_TRUE(layout->Tag(blob, "a").ok());
  EXPECT_EQ(*ReadFile(path() + "/blobs/sha256/" +
                      std::string(DigestHex(blob.digest()))),
            "{}");

  const auto again = OciLayout::Open(path());
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(*again->FindTag("a"), blob.digest());
  EXPECT_EQ(again->FindTag("b").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(OciLayoutTest, TagMovesAndOthersStay) {
  auto layout = OciLayout::Open(path());
  ASSERT_TRUE(layout.ok());
  const Blob first = Write("first");
  ASSERT_TRUE(layout->Tag(first, "a").ok());
  ASSERT_TRUE(layout->Tag(first, "b").ok());
  const Blob second = Write("second");
  ASSERT_TRUE(layout->Tag(second, "a").ok());
  EXPECT_EQ(*layout->FindTag("a"), second.digest());
  EXPECT_EQ(*layout->FindTag("b"), first.digest());
}

TEST_F(OciLayoutTest, AlteredBlobIsRefusedAndNothingStays) {
  auto layout = OciLayout::Open(path());
  ASSERT_TRUE(layout.ok());
  const Blob blob = Write("content");
  ASSERT_TRUE(WriteFileAtomically(source_, "Content").ok());
  const absl::Status status = layout->PutBlob(blob, source_);
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), HasSubstr(blob.digest()));
  EXPECT_THAT(std::string(status.message()), HasSubstr(source_));
  EXPECT_EQ(BlobCount(), 0);
}

TEST_F(OciLayoutTest, TornBlobOfAnEarlierCrashIsReplaced) {
  auto layout = OciLayout::Open(path());
  ASSERT_TRUE(layout.ok());
  const Blob blob = Write("content");
  const std::string target =
      path() + "/blobs/sha256/" + std::string(DigestHex(blob.digest()));
  ASSERT_TRUE(WriteFileAtomically(target, "con").ok());
  ASSERT_TRUE(layout->PutBlob(blob, source_).ok());
  EXPECT_EQ(*ReadFile(target), "content");
}

TEST_F(OciLayoutTest, OtherLayoutVersionIsRefused) {
  fs::create_directories(path());
  ASSERT_TRUE(WriteFileAtomically(path() + "/oci-layout",
                                  R"({"imageLayoutVersion":"2.0.0"})")
                  .ok());
  EXPECT_EQ(OciLayout::Open(path()).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace gantry::publish
