#include "release/publish/oci_layout.h"

#include <cstdint>
#include <filesystem>
#include <iterator>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/image_descriptor.pb.h"

namespace gantry::publish {
namespace {

namespace fs = std::filesystem;
using ::gantry::payload::v1::Blob;

// A layout, and the source file of a blob.
class OciLayoutTest : public testing::Test {
 protected:
  OciLayoutTest() : directory_(*TempDir::Create(testing::TempDir())) {}

  std::string path() const { return JoinPath(directory_.path(), "oci"); }
  std::string source() const { return JoinPath(directory_.path(), "source"); }

  // Writes the source file.  Returns its descriptor.
  Blob WriteSource(const std::string& content) {
    EXPECT_THAT(WriteFileAtomically(source(), content), IsOk());
    Blob blob;
    blob.set_digest(Sha256Digest(content));
    blob.set_size(static_cast<int64_t>(content.size()));
    blob.set_media_type("application/vnd.oci.image.manifest.v1+json");
    return blob;
  }

  int BlobCount() const {
    return std::distance(fs::directory_iterator(path() + "/blobs/sha256"), {});
  }

  TempDir directory_;
};

TEST_F(OciLayoutTest, StoresBlobsByDigestAndFindsTags) {
  GANTRY_ASSERT_OK_AND_ASSIGN(OciLayout layout, OciLayout::Open(path()));
  const Blob blob = WriteSource("{}");
  ASSERT_THAT(layout.PutBlob(blob, source()), IsOk());
  ASSERT_THAT(layout.Tag(blob, "a"), IsOk());
  EXPECT_THAT(ReadFile(layout.BlobPath(blob.digest())), IsOkAndHolds("{}"));

  GANTRY_ASSERT_OK_AND_ASSIGN(const OciLayout again, OciLayout::Open(path()));
  EXPECT_THAT(again.FindTag("a"), IsOkAndHolds(blob.digest()));
  EXPECT_THAT(again.FindTag("b"), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(OciLayoutTest, TagMovesAndOthersRemain) {
  GANTRY_ASSERT_OK_AND_ASSIGN(OciLayout layout, OciLayout::Open(path()));
  const Blob first = WriteSource("first");
  ASSERT_THAT(layout.Tag(first, "a"), IsOk());
  ASSERT_THAT(layout.Tag(first, "b"), IsOk());
  const Blob second = WriteSource("second");
  ASSERT_THAT(layout.Tag(second, "a"), IsOk());
  EXPECT_THAT(layout.FindTag("a"), IsOkAndHolds(second.digest()));
  EXPECT_THAT(layout.FindTag("b"), IsOkAndHolds(first.digest()));
}

TEST_F(OciLayoutTest, AlteredBlobIsDataLossAndNotStored) {
  GANTRY_ASSERT_OK_AND_ASSIGN(OciLayout layout, OciLayout::Open(path()));
  const Blob blob = WriteSource("content");
  ASSERT_THAT(WriteFileAtomically(source(), "Content"), IsOk());
  EXPECT_THAT(
      layout.PutBlob(blob, source()),
      StatusIs(absl::StatusCode::kDataLoss,
               absl::StrCat(source(), ": has digest ", Sha256Digest("Content"),
                            " and 7 bytes, expected ", blob.digest(),
                            " and 7 bytes")));
  EXPECT_EQ(BlobCount(), 0);
}

TEST_F(OciLayoutTest, TruncatedBlobIsReplaced) {
  GANTRY_ASSERT_OK_AND_ASSIGN(OciLayout layout, OciLayout::Open(path()));
  const Blob blob = WriteSource("content");
  const std::string target = layout.BlobPath(blob.digest());
  ASSERT_THAT(WriteFileAtomically(target, "con"), IsOk());
  ASSERT_THAT(layout.PutBlob(blob, source()), IsOk());
  EXPECT_THAT(ReadFile(target), IsOkAndHolds("content"));
}

TEST_F(OciLayoutTest, OtherLayoutVersionIsFailedPrecondition) {
  fs::create_directories(path());
  ASSERT_THAT(WriteFileAtomically(path() + "/oci-layout",
                                  R"({"imageLayoutVersion":"2.0.0"})"),
              IsOk());
  EXPECT_THAT(OciLayout::Open(path()),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

}  // namespace
}  // namespace gantry::publish
