#include "base/json.h"

#include <cstdint>

#include "absl/status/status.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "gtest/gtest.h"
#include "proto/coordinates.pb.h"

namespace gantry {
namespace {

using ::google::protobuf::Struct;
using ::google::protobuf::Timestamp;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(JsonTest, KeysOfAStructAreSorted) {
  Struct object;
  ASSERT_THAT(ParseJson(R"({"b": 1, "a": [true, "x"], "c": {}})", "x", object),
              IsOk());
  EXPECT_THAT(
      FormatJson(object),
      IsOkAndHolds("{\n \"a\": [\n  true,\n  \"x\"\n ],\n \"b\": 1,\n \"c\": "
                   "{}\n}\n"));
}

TEST(JsonTest, FieldsAreInOrderEvenIfEmpty) {
  cell::v1::CellCoordinates cell;
  cell.set_os_release("flatcar-1");
  EXPECT_THAT(FormatJson(cell),
              IsOkAndHolds(StartsWith("{\n \"os_release\": \"flatcar-1\",\n "
                                      "\"kernel_release\": \"\",\n")));
}

TEST(JsonTest, FieldsThatAreNotSetCanBeOmitted) {
  cell::v1::CellCoordinates cell;
  cell.set_os_release("flatcar-1");
  cell.set_flavour(cell::v1::DRIVER_FLAVOUR_OPEN);
  EXPECT_THAT(FormatJson(cell, JsonFields::kSet),
              IsOkAndHolds("{\n \"os_release\": \"flatcar-1\",\n "
                           "\"flavour\": \"DRIVER_FLAVOUR_OPEN\"\n}\n"));
}

TEST(JsonTest, ParseErrorNamesTheSource) {
  Struct object;
  EXPECT_THAT(
      ParseJson("{\"a\": }", "index.json", object),
      StatusIs(absl::StatusCode::kInvalidArgument, StartsWith("index.json: ")));
}

TEST(JsonTest, TimeWithoutJsonFormIsAnError) {
  Timestamp time;
  time.set_seconds(int64_t{1} << 60);
  EXPECT_THAT(FormatJson(time),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(StartsWith("google.protobuf.Timestamp has no JSON "
                                        "form: "),
                             HasSubstr("exceeds limit"))));
}

TEST(JsonTest, InvalidUtf8IsAnError) {
  cell::v1::CellCoordinates cell;
  cell.set_os_release("flatcar-\xff");
  EXPECT_THAT(FormatJson(cell),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "gantry.cell.v1.CellCoordinates has no JSON form: a "
                       "string is not valid UTF-8"));
}

}  // namespace
}  // namespace gantry
