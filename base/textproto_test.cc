#include "base/textproto.h"

#include "gtest/gtest.h"
#include "proto/coordinates.pb.h"

namespace gantry {
namespace {

using ::gantry::cell::v1::CellCoordinates;

TEST(TextProtoTest, ReadsWhatItFormats) {
  CellCoordinates cell, copy;
  cell.set_os_release("flatcar-4230.2.0");
  cell.set_cuda_version("12.4");
  ASSERT_TRUE(ParseTextProto(FormatTextProto(cell), "x", copy).ok());
  EXPECT_EQ(copy.SerializeAsString(), cell.SerializeAsString());
}

TEST(TextProtoTest, ErrorNamesFileLineAndColumn) {
  CellCoordinates cell;
  const absl::Status status =
      ParseTextProto("os_release: \"a\"\n  colour: 3\n", "m.textproto", cell);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message().substr(0, 18), "m.textproto:2:9: M")
      << status.message();
}

TEST(TextProtoTest, MissingFileIsNotFound) {
  CellCoordinates cell;
  EXPECT_EQ(ReadTextProto("/nonexistent/m", cell).code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace gantry
