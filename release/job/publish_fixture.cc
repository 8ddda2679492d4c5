#include "release/job/publish_fixture.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/proto_time.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "proto/image_descriptor.pb.h"
#include "proto/release_service.pb.h"
#include "release/job/fake_bazel.h"
#include "release/job/fake_cell.h"
#include "tests/fixtures/test_cells.h"

namespace gantry::job {

absl::Time FakeTime(int days) {
  return absl::FromUnixSeconds(1'700'000'000) + days * absl::Hours(24);
}

PublishTest::PublishTest()
    : directory_(*TempDir::Create(testing::TempDir())),
      state_(*StateDir::Open(PathOf("state"))) {
  layout_.layout_directory = state_.oci_path();
  StartService("");
}

void PublishTest::StartService(const std::string& listen_address) {
  client_.reset();
  server_.reset();
  service::ReleaseServerOptions options;
  options.listen_address = listen_address;
  options.database_path = state_.database_path();
  options.clock = [this] { return FakeTime(days_.load()); };
  server_ = *service::ReleaseServer::Start(options);
  client_ = std::make_unique<service::ReleaseClient>(
      server_->InProcessChannel(), "service");
}

std::string PublishTest::PathOf(const std::string& name) const {
  return JoinPath(directory_.path(), name);
}

std::string PublishTest::Serve() {
  StartService("127.0.0.1:0");
  return absl::StrCat("127.0.0.1:", server_->port());
}

void PublishTest::Plan(int number) {
  EXPECT_THAT(client_->PlanCells({fixtures::TestPlan(number)}, "first"),
              IsOk());
}

void PublishTest::RetireAll() {
  release::v1::RetireCellsRequest request;
  request.set_plan_id("second");
  request.add_channels("6.1-cloud");
  EXPECT_THAT(client_->RetireCells(request), IsOk());
}

std::string PublishTest::Record(int number, const std::string& content) {
  const std::string digest = Publish(number, content, layout_);
  auto request = fixtures::TestRevision(number);
  request.mutable_payload()->set_digest(digest);
  request.mutable_payload()->set_reference(
      absl::StrCat("oci:", layout_.layout_directory, "@", digest));
  EXPECT_THAT(client_->RecordRevision(request), IsOk());
  return digest;
}

std::string PublishTest::Publish(int number, const std::string& content,
                                 const publish::Destination& destination) {
  FakeBazel bazel(directory_.path());
  const auto image =
      BuildsTestCell(directory_.path(), number, bazel, {content});
  EXPECT_THAT(publish::PublishImage(image, directory_.path(), destination),
              IsOk());
  return image.manifest().digest();
}

publish::Destination PublishTest::StartRegistry(
    const fixtures::RegistryOptions& options) {
  const std::string directory =
      PathOf(absl::StrCat("registry", registries_.size()));
  EXPECT_THAT(CreateDirectories(directory), IsOk());
  auto registry = fixtures::Registry::Start(directory, options);
  EXPECT_THAT(registry, IsOk());
  publish::Destination destination;
  destination.registry_repository = registry->Repository("fleet");
  registries_.push_back(*std::move(registry));
  return destination;
}

void PublishTest::TakeLease(const publish::Destination& registry) {
  release::v1::AcquireLeaseRequest request;
  request.set_name(absl::StrCat("registry:", registry.registry_repository));
  request.set_worker("another");
  *request.mutable_lease_duration() = ToProtoDuration(absl::Hours(1));
  EXPECT_THAT(client_->AcquireLease(request), IsOk());
}

}  // namespace gantry::job
