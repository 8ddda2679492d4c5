#include "payload/image/coordinates.h"

#include "absl/status/status.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry::image {
namespace {

class CoordinatesTest : public testing::Test {
 protected:
  CoordinatesTest() {
    requested_.set_os_release("flatcar-4230.2.0");
    container_.set_kernel_release("6.6.95-flatcar");
    container_.set_os_id("flatcar");
    container_.set_os_version_id("4230.2.0");
  }

  cell::v1::CellCoordinates requested_;
  builder::v1::DeveloperContainer container_;
};

TEST_F(CoordinatesTest, KernelReleaseIsTakenFromTheContainer) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const auto coordinates,
                              CompleteCoordinates(requested_, container_));
  EXPECT_EQ(coordinates.kernel_release(), "6.6.95-flatcar");
  EXPECT_EQ(coordinates.os_release(), "flatcar-4230.2.0");
}

TEST_F(CoordinatesTest, ContainerOfAnotherReleaseIsRefused) {
  container_.set_os_version_id("4081.0.0");
  EXPECT_THAT(CompleteCoordinates(requested_, container_),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       "the developer container has OS release "
                       "flatcar-4081.0.0, not flatcar-4230.2.0"));
}

TEST_F(CoordinatesTest, ReleaseOfADebianContainerIncludesItsKernel) {
  container_.set_os_id("debian");
  container_.set_os_version_id("12");
  container_.set_kernel_release("6.1.0-56-cloud-amd64");
  requested_.set_os_release("debian-12-6.1.0-56-cloud-amd64");
  EXPECT_THAT(CompleteCoordinates(requested_, container_), IsOk());
  requested_.set_os_release("debian-12-6.1.0-55-cloud-amd64");
  EXPECT_THAT(CompleteCoordinates(requested_, container_),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(CoordinatesTest, ContainerWithoutAnOsReleaseIsAccepted) {
  container_.clear_os_id();
  container_.clear_os_version_id();
  EXPECT_THAT(CompleteCoordinates(requested_, container_), IsOk());
}

}  // namespace
}  // namespace gantry::image
