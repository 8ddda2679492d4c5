#include "payload/image/coordinates.h"

#include "gtest/gtest.h"

namespace gantry::image {
namespace {

class CoordinatesTest : public testing::Test {
 protected:
  CoordinatesTest() {
    wanted_.set_os_release("flatcar-4230.2.0");
    container_.set_kernel_release("6.6.95-flatcar");
    container_.set_os_id("flatcar");
    container_.set_os_version_id("4230.2.0");
  }

  cell::v1::CellCoordinates wanted_;
  builder::v1::DeveloperContainer container_;
};

TEST_F(CoordinatesTest, KernelComesFromInside) {
  const auto coordinates = CompleteCoordinates(wanted_, container_);
  ASSERT_TRUE(coordinates.ok()) << coordinates.status();
  EXPECT_EQ(coordinates->kernel_release(), "6.6.95-flatcar");
  EXPECT_EQ(coordinates->os_release(), "flatcar-4230.2.0");
}

TEST_F(CoordinatesTest, ContainerOfAnotherReleaseIsRefused) {
  container_.set_os_version_id("4081.0.0");
  EXPECT_EQ(CompleteCoordinates(wanted_, container_).status(),
            absl::FailedPreconditionError("the developer container is of "
                                          "flatcar-4081.0.0, not of "
                                          "flatcar-4230.2.0"));
}

TEST_F(CoordinatesTest, DebianReleaseHasItsKernelInItsName) {
  container_.set_os_id("debian");
  container_.set_os_version_id("12");
  container_.set_kernel_release("6.1.0-56-cloud-amd64");
  wanted_.set_os_release("debian-12-6.1.0-56-cloud-amd64");
  EXPECT_TRUE(CompleteCoordinates(wanted_, container_).ok());
  wanted_.set_os_release("debian-12-6.1.0-55-cloud-amd64");
  EXPECT_EQ(CompleteCoordinates(wanted_, container_).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(CoordinatesTest, ContainerWithoutAnOsReleaseFilePasses) {
  container_.clear_os_id();
  container_.clear_os_version_id();
  EXPECT_TRUE(CompleteCoordinates(wanted_, container_).ok());
}

}  // namespace
}  // namespace gantry::image
