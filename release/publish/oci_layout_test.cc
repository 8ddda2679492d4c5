#include "release/publish/oci_layout.h"

#include <cstdint>
#include <filesystem>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/types/optional.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/file_lock.h"
#include "base/status_matchers.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/image_descriptor.pb.h"

namespace gantry::publish {
namespace {

namespace fs = std::filesystem;
using ::gantry::payload::v1::Blob;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

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

// Images in a layout.
class OciLayoutRemoveTest : public OciLayoutTest {
 protected:
  OciLayoutRemoveTest() : layout_(*OciLayout::Open(path())) {}

  Blob Put(const std::string& content) {
    const Blob blob = WriteSource(content);
    EXPECT_THAT(layout_.PutBlob(blob, source()), IsOk());
    return blob;
  }

  // The manifest of an image with a config of its own and these layers.
  static std::string Manifest(const Blob& config,
                              const std::vector<Blob>& layers) {
    std::vector<std::string> descriptors;
    for (const Blob& layer : layers) {
      descriptors.push_back(absl::StrCat(R"({"digest":")", layer.digest(),
                                         R"(","size":)", layer.size(), "}"));
    }
    return absl::StrCat(R"({"config":{"digest":")", config.digest(),
                        R"(","size":)", config.size(), R"(},"layers":[)",
                        absl::StrJoin(descriptors, ","), "]}");
  }

  Blob PutImage(const std::string& name, const std::vector<Blob>& layers) {
    const Blob config =
        Put(absl::StrCat(R"({"config":{},"name":")", name, R"("})"));
    return Put(Manifest(config, layers));
  }

  bool Has(const Blob& blob) const {
    return fs::exists(layout_.BlobPath(blob.digest()));
  }

  OciLayout layout_;
};

TEST_F(OciLayoutRemoveTest, TagsAndUnsharedBlobsAreRemoved) {
  const Blob shared = Put("shared layer");
  const Blob of_old = Put("layer of old");
  const Blob old = PutImage("old", {shared, of_old});
  const Blob kept = PutImage("kept", {shared});
  ASSERT_THAT(layout_.Tag(old, "old"), IsOk());
  ASSERT_THAT(layout_.Tag(old, "also-old"), IsOk());
  ASSERT_THAT(layout_.Tag(kept, "kept"), IsOk());
  const int blobs = BlobCount();

  GANTRY_ASSERT_OK_AND_ASSIGN(const OciLayout::Removal removal,
                              layout_.Remove({old.digest()}));
  EXPECT_THAT(removal.digests, ElementsAre(old.digest()));
  const std::string config = R"({"config":{},"name":"old"})";
  EXPECT_EQ(removal.freed_bytes,
            static_cast<int64_t>(old.size() + of_old.size() + config.size()));
  EXPECT_EQ(BlobCount(), blobs - 3);
  EXPECT_FALSE(Has(old));
  EXPECT_FALSE(Has(of_old));
  EXPECT_THAT(layout_.ListTags(), IsOkAndHolds(ElementsAre("kept")));
  EXPECT_THAT(layout_.ReadImage(kept.digest()), IsOk());
}

// Images are published by digest before they are recorded and tagged.
TEST_F(OciLayoutRemoveTest, BlobsOfAnImageWithoutATagAreKept) {
  const Blob shared = Put("shared layer");
  const Blob old = PutImage("old", {shared});
  const Blob untagged = PutImage("untagged", {shared});
  ASSERT_THAT(layout_.Remove({old.digest()}), IsOk());
  EXPECT_THAT(layout_.ReadImage(untagged.digest()), IsOk());
}

TEST_F(OciLayoutRemoveTest, ImagesThatAreRemovedTogetherKeepNothing) {
  const Blob shared = Put("shared layer");
  const Blob first = PutImage("first", {shared});
  const Blob second = PutImage("second", {shared});
  EXPECT_THAT(layout_.Remove({first.digest(), second.digest()}), IsOk());
  EXPECT_EQ(BlobCount(), 0);
}

// As after a crash: the tag and a blob are gone, but the manifest is there.
TEST_F(OciLayoutRemoveTest, InterruptedRemovalIsCompleted) {
  const Blob first = Put("first layer");
  const Blob second = Put("second layer");
  const Blob old = PutImage("old", {first, second});
  fs::remove(layout_.BlobPath(first.digest()));
  EXPECT_THAT(layout_.Remove({old.digest()}), IsOk());
  EXPECT_EQ(BlobCount(), 0);
  GANTRY_ASSERT_OK_AND_ASSIGN(const OciLayout::Removal again,
                              layout_.Remove({old.digest()}));
  EXPECT_THAT(again.digests, IsEmpty());
  EXPECT_EQ(again.freed_bytes, 0);
}

// The writer relies on a layer that the layout has, before its own manifest is
// there.
TEST_F(OciLayoutRemoveTest, LayerThatAWriterReliesOnIsKept) {
  const Blob shared = Put("shared layer");
  const Blob old = PutImage("old", {shared});
  absl::optional<FileLock> writing;
  { GANTRY_ASSERT_OK_AND_ASSIGN(writing, layout_.KeepBlobs()); }
  ASSERT_THAT(layout_.PutBlob(shared, "/nonexistent"), IsOk());
  std::thread remover([&] {
    EXPECT_THAT(OciLayout::Open(path())->Remove({old.digest()}), IsOk());
  });
  const Blob added = PutImage("added", {shared});
  writing.reset();
  remover.join();
  EXPECT_FALSE(Has(old));
  EXPECT_THAT(layout_.ReadImage(added.digest()), IsOk());
}

TEST_F(OciLayoutRemoveTest, TextThatIsNotADigestIsInvalid) {
  EXPECT_THAT(layout_.Remove({"../../x"}),
              StatusIs(absl::StatusCode::kInvalidArgument));
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
