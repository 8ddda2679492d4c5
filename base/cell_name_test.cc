#include "base/cell_name.h"

#include <string>

#include "absl/status/status.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/coordinates.pb.h"

namespace gantry {
namespace {

using ::gantry::cell::v1::CellCoordinates;

CellCoordinates Cell() {
  CellCoordinates cell;
  cell.set_os_release("debian-12-6.12.117+deb12-cloud-amd64");
  cell.set_driver_version("535.261.03");
  cell.set_driver_flavour(cell::v1::DRIVER_FLAVOUR_OPEN);
  cell.set_cuda_version("12.4");
  return cell;
}

TEST(CellNameTest, KernelIsPartOfTheReleaseOnlyForDebian) {
  EXPECT_EQ(OsReleaseName("flatcar", "4230.2.0", "6.6.95-flatcar"),
            "flatcar-4230.2.0");
  EXPECT_EQ(OsReleaseName("debian", "12", "6.1.0-56-cloud-amd64"),
            "debian-12-6.1.0-56-cloud-amd64");
}

TEST(CellNameTest, IdAndTag) {
  EXPECT_EQ(CellId(Cell()),
            "debian-12-6.12.117+deb12-cloud-amd64-535.261.03-cuda12.4");
  EXPECT_EQ(CellTag(Cell()),
            "debian-12-6.12.117_deb12-cloud-amd64-535.261.03-cuda12.4");
}

TEST(CellNameTest, FlavoursOfOneVersionDiffer) {
  CellCoordinates cell = Cell();
  cell.set_driver_flavour(cell::v1::DRIVER_FLAVOUR_PROPRIETARY);
  EXPECT_NE(CellId(cell), CellId(Cell()));
}

TEST(CellNameTest, ValidatesEachPart) {
  EXPECT_THAT(ValidateCoordinates(Cell()), IsOk());
  CellCoordinates cell = Cell();
  cell.clear_driver_version();
  EXPECT_THAT(
      ValidateCoordinates(cell),
      StatusIs(absl::StatusCode::kInvalidArgument, "driver_version is empty"));
  cell = Cell();
  cell.set_os_release("a/b");
  EXPECT_THAT(ValidateCoordinates(cell),
              StatusIs(absl::StatusCode::kInvalidArgument));
  cell.set_os_release(std::string(128, 'a'));
  EXPECT_THAT(ValidateCoordinates(cell),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace gantry
