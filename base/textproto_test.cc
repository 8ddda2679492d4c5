#include "base/textproto.h"

#include "absl/status/status.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/coordinates.pb.h"

namespace gantry {
namespace {

using ::gantry::cell::v1::CellCoordinates;

TEST(TextProtoTest, ReadsWhatItFormats) {
  CellCoordinates cell, copy;
  cell.set_os_release("flatcar-4230.2.0");
  cell.set_cuda_version("12.4");
  ASSERT_THAT(ParseTextProto(FormatTextProto(cell), "x", copy), IsOk());
  EXPECT_EQ(copy.SerializeAsString(), cell.SerializeAsString());
}

TEST(TextProtoTest, ErrorNamesFileLineAndColumn) {
  CellCoordinates cell;
  EXPECT_THAT(
      ParseTextProto("os_release: \"a\"\n  colour: 3\n", "m.textproto", cell),
      StatusIs(absl::StatusCode::kInvalidArgument,
               ::testing::StartsWith("m.textproto:2:9: M")));
}

TEST(TextProtoTest, MissingFileIsNotFound) {
  CellCoordinates cell;
  EXPECT_THAT(ReadTextProto("/nonexistent/m", cell),
              StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace gantry
