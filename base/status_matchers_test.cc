#include "base/status_matchers.h"

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest-spi.h"
#include "gtest/gtest.h"

namespace gantry {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pointee;

absl::StatusOr<std::string> Text() { return "text"; }
absl::StatusOr<std::string> Missing() {
  return absl::NotFoundError("/a: no such file");
}

// What a failed EXPECT_THAT(value, matcher) prints about `value`.
template <typename Value, typename Matcher>
std::string Explain(const Value& value, const Matcher& matcher) {
  ::testing::StringMatchResultListener listener;
  EXPECT_FALSE(::testing::ExplainMatchResult(matcher, value, &listener));
  return listener.str();
}

TEST(StatusMatchersTest, IsOkMatchesOnlySuccess) {
  EXPECT_THAT(absl::OkStatus(), IsOk());
  EXPECT_THAT(Text(), IsOk());
  EXPECT_THAT(Missing(), Not(IsOk()));
  EXPECT_EQ(Explain(Missing().status(), IsOk()),
            "whose status is NOT_FOUND: /a: no such file");
  EXPECT_EQ(Explain(Missing(), IsOk()),
            "whose status is NOT_FOUND: /a: no such file");
}

TEST(StatusMatchersTest, IsOkAndHoldsMatchesTheValue) {
  EXPECT_THAT(Text(), IsOkAndHolds("text"));
  EXPECT_THAT(Text(), IsOkAndHolds(HasSubstr("ex")));
  EXPECT_THAT(Text(), Not(IsOkAndHolds("other")));
  EXPECT_THAT(Missing(), Not(IsOkAndHolds("text")));
  EXPECT_THAT(Missing(), Not(IsOkAndHolds(IsEmpty())));
  EXPECT_EQ(Explain(Missing(), IsOkAndHolds("text")),
            "whose status is NOT_FOUND: /a: no such file");
  EXPECT_THAT(Explain(Text(), IsOkAndHolds("other")),
              HasSubstr("whose value is \"text\""));
}

TEST(StatusMatchersTest, IsOkAndHoldsTakesValuesThatCannotBeCopied) {
  const absl::StatusOr<std::unique_ptr<int>> seven = std::make_unique<int>(7);
  EXPECT_THAT(seven, IsOkAndHolds(Pointee(7)));
}

TEST(StatusMatchersTest, StatusIsMatchesCodeAndMessage) {
  EXPECT_THAT(Missing(), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Missing().status(),
              StatusIs(absl::StatusCode::kNotFound, "/a: no such file"));
  EXPECT_THAT(Missing(), StatusIs(AnyOf(absl::StatusCode::kNotFound,
                                        absl::StatusCode::kFailedPrecondition),
                                  HasSubstr("/a")));
  EXPECT_THAT(Missing(), Not(StatusIs(absl::StatusCode::kInternal)));
  EXPECT_THAT(Missing(),
              Not(StatusIs(absl::StatusCode::kInternal, HasSubstr("/a"))));
  EXPECT_THAT(Missing(),
              Not(StatusIs(absl::StatusCode::kNotFound, HasSubstr("/b"))));
  EXPECT_THAT(Text(), StatusIs(absl::StatusCode::kOk));
  EXPECT_EQ(Explain(Missing(), StatusIs(absl::StatusCode::kInternal)),
            "whose status is NOT_FOUND: /a: no such file");
}

TEST(StatusMatchersTest, AssertOkAndAssignDeclaresAndAssigns) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::string declared, Text());
  EXPECT_EQ(declared, "text");
  std::string assigned;
  GANTRY_ASSERT_OK_AND_ASSIGN(assigned, Text());
  EXPECT_EQ(assigned, "text");
}

TEST(StatusMatchersTest, AssertOkAndAssignFailsTheTestOnAnError) {
  EXPECT_FATAL_FAILURE(
      {
        GANTRY_ASSERT_OK_AND_ASSIGN(const std::string text, Missing());
        ADD_FAILURE() << "continued with " << text;
      },
      "whose status is NOT_FOUND: /a: no such file");
}

}  // namespace
}  // namespace gantry
