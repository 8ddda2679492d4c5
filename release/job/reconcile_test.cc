#include "release/job/reconcile.h"

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "base/cell_name.h"
#include "base/file.h"
#include "base/progress.h"
#include "base/status_matchers.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/image_descriptor.pb.h"
#include "proto/release_service.pb.h"
#include "release/job/fake_bazel.h"
#include "release/job/fake_cell.h"
#include "release/publish/oci_layout.h"
#include "release/publish/publisher.h"
#include "release/service/client/release_client.h"
#include "release/service/server/release_server.h"
#include "tests/fixtures/registry.h"
#include "tests/fixtures/test_cells.h"

namespace gantry::job {
namespace {

using ::gantry::fixtures::TestCoordinates;
using ::gantry::fixtures::TestId;
using ::gantry::fixtures::TestRevision;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A service with two revisions of cell 1, whose images are in a layout.
class ReconcileTest : public testing::Test {
 protected:
  void SetUp() override {
    service::ReleaseServerOptions options;
    options.database_path = PathOf("release.db");
    GANTRY_ASSERT_OK_AND_ASSIGN(server_,
                                service::ReleaseServer::Start(options));
    client_ = std::make_unique<service::ReleaseClient>(
        server_->InProcessChannel(), "");
    layout_.layout_directory = PathOf("oci");
    first_ = Record("first");
    second_ = Record("second");
  }

  std::string PathOf(const std::string& name) const {
    return JoinPath(directory_.path(), name);
  }

  // Publishes an image with this content, without a tag, and records it.
  // Returns its digest.
  std::string Record(const std::string& content) {
    FakeBazel bazel(directory_.path());
    const auto image =
        BuildsTestCell(directory_.path(), 1, bazel, {content, {}});
    const auto reference =
        publish::PublishImage(image, directory_.path(), layout_);
    EXPECT_THAT(reference, IsOk());
    auto request = TestRevision(1);
    request.mutable_payload()->set_digest(image.manifest().digest());
    request.mutable_payload()->set_reference(*reference);
    EXPECT_THAT(client_->RecordRevision(request), IsOk());
    return image.manifest().digest();
  }

  absl::StatusOr<ReconcileResult> Run(const publish::Destination& destination) {
    Progress progress(stderr);
    return Reconcile(*client_, destination, progress);
  }

  void CheckTags(const publish::Destination& destination) {
    const std::string tag = CellTag(TestCoordinates(1));
    EXPECT_THAT(publish::FindTag(tag, destination), IsOkAndHolds(second_));
    EXPECT_THAT(publish::FindTag(tag + "-r1", destination),
                IsOkAndHolds(first_));
    EXPECT_THAT(publish::FindTag(tag + "-r2", destination),
                IsOkAndHolds(second_));
  }

  const TempDir directory_ = *TempDir::Create(testing::TempDir());
  std::unique_ptr<service::ReleaseServer> server_;
  std::unique_ptr<service::ReleaseClient> client_;
  publish::Destination layout_;
  std::string first_;
  std::string second_;
};

TEST_F(ReconcileTest, TagsWhatIsThere) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const ReconcileResult result, Run(layout_));
  EXPECT_EQ(result.copied_images, 0);
  EXPECT_EQ(result.moved_tags, 3);
  EXPECT_THAT(result.missing, IsEmpty());
  CheckTags(layout_);
  GANTRY_ASSERT_OK_AND_ASSIGN(const ReconcileResult again, Run(layout_));
  EXPECT_EQ(again.moved_tags, 0);
}

TEST_F(ReconcileTest, TagOfAnotherImageIsMoved) {
  ASSERT_THAT(publish::TagImage(first_, CellTag(TestCoordinates(1)), layout_),
              IsOk());
  ASSERT_THAT(Run(layout_), IsOk());
  CheckTags(layout_);
}

TEST_F(ReconcileTest, OtherLayoutIsFilled) {
  publish::Destination other;
  other.layout_directory = PathOf("other");
  GANTRY_ASSERT_OK_AND_ASSIGN(const ReconcileResult result, Run(other));
  EXPECT_EQ(result.copied_images, 2);
  CheckTags(other);
}

TEST_F(ReconcileTest, LostImageIsReported) {
  GANTRY_ASSERT_OK_AND_ASSIGN(
      const publish::OciLayout layout,
      publish::OciLayout::Open(layout_.layout_directory));
  std::filesystem::remove(layout.BlobPath(first_));
  GANTRY_ASSERT_OK_AND_ASSIGN(const ReconcileResult result, Run(layout_));
  EXPECT_THAT(result.missing,
              ElementsAre(HasSubstr(absl::StrCat(TestId(1), " revision 1: "))));
  EXPECT_THAT(publish::FindTag(CellTag(TestCoordinates(1)), layout_),
              IsOkAndHolds(second_));
}

TEST_F(ReconcileTest, RegistryIsFilledAndFillsAnother) {
  publish::Destination destinations[2];
  std::unique_ptr<fixtures::Registry> registries[2];
  for (int i = 0; i < 2; ++i) {
    const std::string directory = PathOf(absl::StrCat("registry", i));
    std::filesystem::create_directories(directory);
    GANTRY_ASSERT_OK_AND_ASSIGN(fixtures::Registry registry,
                                fixtures::Registry::Start(directory));
    registries[i] = std::make_unique<fixtures::Registry>(std::move(registry));
    destinations[i].registry_repository = registries[i]->Repository("fleet");
  }
  GANTRY_ASSERT_OK_AND_ASSIGN(const ReconcileResult first,
                              Run(destinations[0]));
  EXPECT_EQ(first.copied_images, 2);
  CheckTags(destinations[0]);
  GANTRY_ASSERT_OK_AND_ASSIGN(const ReconcileResult again,
                              Run(destinations[0]));
  EXPECT_EQ(again.copied_images + again.moved_tags, 0);

  // From registry to registry.
  ASSERT_THAT(
      publish::CopyImage(
          absl::StrCat(destinations[0].registry_repository, "@", second_),
          TestCoordinates(1), destinations[1]),
      IsOk());
  EXPECT_THAT(publish::HasImage(second_, destinations[1]), IsOkAndHolds(true));
  EXPECT_THAT(publish::HasImage(first_, destinations[1]), IsOkAndHolds(false));
}

TEST_F(ReconcileTest, UnreachableRegistryIsUnavailable) {
  publish::Destination destination;
  destination.registry_repository = "127.0.0.1:1/x";
  EXPECT_THAT(Run(destination), StatusIs(absl::StatusCode::kUnavailable,
                                         HasSubstr("127.0.0.1:1/x")));
}

}  // namespace
}  // namespace gantry::job
