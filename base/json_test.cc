#include "base/json.h"

#include "gmock/gmock.h"
#include "google/protobuf/struct.pb.h"
#include "gtest/gtest.h"
#include "proto/cell.pb.h"

namespace gantry {
namespace {

using ::google::protobuf::Struct;
using ::testing::StartsWith;

TEST(JsonTest, KeysOfAStructAreSorted) {
  Struct object;
  ASSERT_TRUE(
      ParseJson(R"({"b": 1, "a": [true, "x"], "c": {}})", "x", object).ok());
  EXPECT_EQ(FormatJson(object),
            "{\n \"a\": [\n  true,\n  \"x\"\n ],\n \"b\": 1,\n \"c\": {}\n}\n");
}

TEST(JsonTest, FieldsComeInOrderAlsoWhereTheyAreEmpty) {
  cell::v1::CellCoordinates cell;
  cell.set_os_release("flatcar-1");
  EXPECT_THAT(
      FormatJson(cell),
      StartsWith(
          "{\n \"os_release\": \"flatcar-1\",\n \"kernel_release\": \"\",\n"));
}

TEST(JsonTest, ErrorNamesTheSource) {
  Struct object;
  const absl::Status status = ParseJson("{\"a\": }", "index.json", object);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), StartsWith("index.json: "));
}

}  // namespace
}  // namespace gantry
