#include "base/cell_name.h"

#include <cstddef>
#include <set>
#include <string>
#include <vector>

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
  cell.set_architecture("amd64");
  cell.set_product("nvidia");
  cell.set_version("535.261.03");
  cell.set_flavour(cell::v1::DRIVER_FLAVOUR_OPEN);
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
            "debian-12-6.12.117+deb12-cloud-amd64_amd64_nvidia_535.261.03_open_"
            "cuda12.4");
  EXPECT_EQ(CellTag(Cell()),
            "debian-12-6.12.117--deb12-cloud-amd64_amd64_nvidia_535.261.03_"
            "open_cuda12.4");
}

TEST(CellNameTest, IdWithoutFlavourAndToolkit) {
  CellCoordinates cell;
  cell.set_os_release("flatcar-4230.2.0");
  cell.set_architecture("arm64");
  cell.set_product("zfs");
  cell.set_version("2.1.11");
  EXPECT_EQ(CellId(cell), "flatcar-4230.2.0_arm64_zfs_2.1.11");
}

// Every combination of values that have characters of the separators, and of
// the names between them.
TEST(CellNameTest, DifferentCoordinatesHaveDifferentIdsAndTags) {
  const std::vector<std::string> values = {
      "1", "1-2", "1+2", "x-1", "x", "open", "cuda1", "x-open", "1.2"};
  std::set<std::string> ids;
  std::set<std::string> tags;
  size_t count = 0;
  CellCoordinates cell;
  for (const std::string& os_release : values) {
    cell.set_os_release(os_release);
    for (const std::string& architecture : values) {
      cell.set_architecture(architecture);
      for (const std::string& product : values) {
        cell.set_product(product);
        for (const std::string& version : values) {
          cell.set_version(version);
          for (const auto flavour : {cell::v1::DRIVER_FLAVOUR_UNSPECIFIED,
                                     cell::v1::DRIVER_FLAVOUR_OPEN,
                                     cell::v1::DRIVER_FLAVOUR_PROPRIETARY}) {
            cell.set_flavour(flavour);
            for (const char* cuda : {"", "1", "1+2", "x-1"}) {
              cell.set_cuda_version(cuda);
              ASSERT_THAT(ValidateCoordinates(cell), IsOk());
              ids.insert(CellId(cell));
              tags.insert(CellTag(cell));
              ++count;
            }
          }
        }
      }
    }
  }
  EXPECT_EQ(ids.size(), count);
  EXPECT_EQ(tags.size(), count);
}

TEST(CellNameTest, ValidatesEachPart) {
  EXPECT_THAT(ValidateCoordinates(Cell()), IsOk());
  CellCoordinates cell = Cell();
  cell.clear_version();
  EXPECT_THAT(ValidateCoordinates(cell),
              StatusIs(absl::StatusCode::kInvalidArgument, "version is empty"));
  cell = Cell();
  cell.set_os_release("a/b");
  EXPECT_THAT(ValidateCoordinates(cell),
              StatusIs(absl::StatusCode::kInvalidArgument));
  for (const char* name : {"-a", "a-", "a--b", "a+-b", "a_b"}) {
    cell.set_os_release(name);
    EXPECT_THAT(ValidateCoordinates(cell),
                StatusIs(absl::StatusCode::kInvalidArgument));
  }
  cell.set_os_release(std::string(128, 'a'));
  EXPECT_THAT(ValidateCoordinates(cell),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace gantry
