#include "base/json_object.h"

#include "base/json.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry {
namespace {

using ::google::protobuf::Struct;

class JsonObjectTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_THAT(ParseJson(R"({"text": "crane", "number": 2, "nothing": null,
                              "object": {"inner": "load"}, "array": [1, 2]})",
                          "test", object_),
                IsOk());
  }

  Struct object_;
};

TEST_F(JsonObjectTest, FieldOfAnyKindIsFound) {
  ASSERT_NE(FindField(object_, "number"), nullptr);
  EXPECT_EQ(FindField(object_, "number")->number_value(), 2);
  EXPECT_NE(FindField(object_, "nothing"), nullptr);
  EXPECT_EQ(FindField(object_, "missing"), nullptr);
}

TEST_F(JsonObjectTest, StringIsEmptyIfMissingOrOfAnotherKind) {
  EXPECT_EQ(GetString(object_, "text"), "crane");
  EXPECT_EQ(GetString(object_, "missing"), "");
  EXPECT_EQ(GetString(object_, "number"), "");
}

TEST_F(JsonObjectTest, ObjectIsNullIfMissingOrOfAnotherKind) {
  ASSERT_NE(FindObject(object_, "object"), nullptr);
  EXPECT_EQ(GetString(*FindObject(object_, "object"), "inner"), "load");
  EXPECT_EQ(FindObject(object_, "missing"), nullptr);
  EXPECT_EQ(FindObject(object_, "array"), nullptr);
}

TEST_F(JsonObjectTest, ArrayIsNullIfMissingOrOfAnotherKind) {
  ASSERT_NE(FindArray(object_, "array"), nullptr);
  EXPECT_EQ(FindArray(object_, "array")->values_size(), 2);
  EXPECT_EQ(FindArray(object_, "missing"), nullptr);
  EXPECT_EQ(FindArray(object_, "object"), nullptr);
}

}  // namespace
}  // namespace gantry
