#include "release/job/matrix_view.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/cell_name.h"
#include "base/json.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "google/protobuf/struct.pb.h"
#include "gtest/gtest.h"

namespace gantry::job {
namespace {

using ::gantry::release::v1::Cell;
using ::gantry::release::v1::CellState;
using ::testing::HasSubstr;

Cell MakeCell(const std::string& os_release, const std::string& kernel,
              const std::string& cuda, CellState state) {
  Cell cell;
  auto& coordinates = *cell.mutable_coordinates();
  coordinates.set_os_release(os_release);
  coordinates.set_architecture("amd64");
  coordinates.set_product("nvidia");
  coordinates.set_kernel_release(kernel);
  coordinates.set_version("535.261.03");
  coordinates.set_cuda_version(cuda);
  cell.set_id(CellId(coordinates));
  cell.set_state(state);
  return cell;
}

std::vector<Cell> Cells() {
  Cell built = MakeCell("flatcar-2", "6.6.1-flatcar", "11.8",
                        release::v1::CELL_STATE_BUILT);
  built.mutable_payload()->set_digest("sha256:abc");
  Cell failed =
      MakeCell("flatcar-2", "", "12.4", release::v1::CELL_STATE_FAILED);
  failed.set_reason("nv-pci.c:1:2: error: no");
  failed.set_log_uri("file:///logs/x");
  Cell excluded =
      MakeCell("flatcar-1", "", "12.4", release::v1::CELL_STATE_EXCLUDED);
  excluded.set_reason("too old");
  return {built, failed, excluded};
}

TEST(MatrixViewTest, TableHasStatesAndReasons) {
  EXPECT_EQ(FormatMatrixTable(Cells()),
            "OS RELEASE  KERNEL         535.261.03 / CUDA 11.8  "
            "535.261.03 / CUDA 12.4\n"
            "flatcar-1   ?                                      -\n"
            "flatcar-2   6.6.1-flatcar  built                   FAILED\n"
            "\n"
            "flatcar-1_amd64_nvidia_535.261.03_cuda12.4: excluded: too old\n"
            "flatcar-2_amd64_nvidia_535.261.03_cuda12.4: failed: nv-pci.c:1:2: "
            "error: no\n"
            "  log: /logs/x\n");
}

TEST(MatrixViewTest, BlockedCellHasAReason) {
  Cell cell =
      MakeCell("flatcar-2", "", "12.4", release::v1::CELL_STATE_BLOCKED);
  cell.set_reason("siblings a and b fail alike: v1:compile:0");
  EXPECT_EQ(FormatMatrixTable({cell}),
            "OS RELEASE  KERNEL  535.261.03 / CUDA 12.4\n"
            "flatcar-2   ?       blocked\n"
            "\n"
            "flatcar-2_amd64_nvidia_535.261.03_cuda12.4: blocked: siblings a "
            "and b fail alike: v1:compile:0\n");
}

TEST(MatrixViewTest, OrderOfCellsDoesNotMatter) {
  std::vector<Cell> cells = Cells();
  const std::vector<Cell> reversed(cells.rbegin(), cells.rend());
  EXPECT_EQ(FormatMatrixTable(reversed), FormatMatrixTable(cells));
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::string json, FormatMatrixJson(cells));
  EXPECT_THAT(FormatMatrixJson(reversed), IsOkAndHolds(json));
}

TEST(MatrixViewTest, CellWithoutJsonFormIsInvalid) {
  Cell cell = Cells()[1];
  cell.set_reason("\xff");
  EXPECT_THAT(FormatMatrixJson({cell}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("has no JSON form")));
}

TEST(MatrixViewTest, JsonHasTheDocumentedFields) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::string text,
                              FormatMatrixJson(Cells()));
  google::protobuf::Struct json;
  ASSERT_THAT(ParseJson(text, "report", json), IsOk());
  const auto& cells = json.fields().at("cells").list_value();
  ASSERT_EQ(cells.values_size(), 3);
  const auto& built = cells.values(1).struct_value().fields();
  EXPECT_EQ(built.size(), 8u);
  EXPECT_EQ(built.at("id").string_value(),
            "flatcar-2_amd64_nvidia_535.261.03_cuda11.8");
  EXPECT_EQ(built.at("os_release").string_value(), "flatcar-2");
  EXPECT_EQ(built.at("kernel").string_value(), "6.6.1-flatcar");
  EXPECT_EQ(built.at("driver").string_value(), "535.261.03");
  EXPECT_EQ(built.at("cuda").string_value(), "11.8");
  EXPECT_EQ(built.at("state").string_value(), "built");
  EXPECT_EQ(built.at("digest").string_value(), "sha256:abc");
  EXPECT_EQ(built.at("reason").string_value(), "");
  const auto& failed = cells.values(2).struct_value().fields();
  EXPECT_EQ(failed.at("state").string_value(), "failed");
  EXPECT_EQ(failed.at("reason").string_value(), "nv-pci.c:1:2: error: no");
}

}  // namespace
}  // namespace gantry::job
