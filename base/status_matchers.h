#ifndef GANTRY_BASE_STATUS_MATCHERS_H_
#define GANTRY_BASE_STATUS_MATCHERS_H_

#include <string>
#include <type_traits>
#include <utility>  // IWYU pragma: keep

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"  // IWYU pragma: keep

// Declares or assigns `lhs` from `expr`, an absl::StatusOr.  If it is an error,
// fails the test and returns from the function, which must return void.
//
//   GANTRY_ASSERT_OK_AND_ASSIGN(const std::string text, ReadFile(path));
#define GANTRY_ASSERT_OK_AND_ASSIGN(lhs, expr) \
  GANTRY_ASSERT_OK_AND_ASSIGN_IMPL_(           \
      GANTRY_MATCHERS_CONCAT_(gantry_status_or_, __LINE__), lhs, expr)

#define GANTRY_MATCHERS_CONCAT_INNER_(a, b) a##b
#define GANTRY_MATCHERS_CONCAT_(a, b) GANTRY_MATCHERS_CONCAT_INNER_(a, b)
#define GANTRY_ASSERT_OK_AND_ASSIGN_IMPL_(value, lhs, expr) \
  auto value = (expr);                                      \
  ASSERT_THAT(value, ::gantry::IsOk());                     \
  lhs = *std::move(value)

namespace gantry {
namespace status_matchers_internal {

inline const absl::Status& GetStatus(const absl::Status& status) {
  return status;
}

template <typename T>
const absl::Status& GetStatus(const absl::StatusOr<T>& status_or) {
  return status_or.status();
}

}  // namespace status_matchers_internal

// GoogleTest matchers for absl::Status and absl::StatusOr.  abseil has the same
// ones in absl/status/status_matchers.h, but not yet in Debian 12's release.

// Matches an OK absl::Status, or an absl::StatusOr that holds a value.
//
//   EXPECT_THAT(WriteFile(path, "text"), IsOk());
MATCHER(IsOk, negation ? "is an error" : "is OK") {
  const absl::Status& status = status_matchers_internal::GetStatus(arg);
  if (!status.ok()) *result_listener << "whose status is " << status;
  return status.ok();
}

// Matches an absl::StatusOr that holds a value that matches `value`, a value or
// a matcher.
//
//   EXPECT_THAT(ReadFile(path), IsOkAndHolds("text"));
//   EXPECT_THAT(ReadFile(path), IsOkAndHolds(HasSubstr("ex")));
MATCHER_P(IsOkAndHolds, value,
          std::string(negation ? "is an error or holds a value that "
                               : "is OK and holds a value that ") +
              ::testing::DescribeMatcher<
                  const typename std::decay_t<arg_type>::value_type&>(
                  value, negation)) {
  if (!arg.ok()) {
    *result_listener << "whose status is " << arg.status();
    return false;
  }
  *result_listener << "whose value is " << ::testing::PrintToString(*arg)
                   << ", ";
  return ::testing::ExplainMatchResult(value, *arg, result_listener);
}

// Matches an absl::Status, or the status of an absl::StatusOr, whose code and
// message match: each is a value or a matcher.
//
//   EXPECT_THAT(ReadFile("/missing"),
//               StatusIs(absl::StatusCode::kNotFound, HasSubstr("/missing")));
MATCHER_P2(StatusIs, code, message,
           std::string(negation ? "does not have" : "has") +
               " a status code that " +
               ::testing::DescribeMatcher<absl::StatusCode>(code) +
               " and a message that " +
               ::testing::DescribeMatcher<std::string>(message)) {
  const absl::Status& status = status_matchers_internal::GetStatus(arg);
  *result_listener << "whose status is " << status;
  return ::testing::Value(status.code(), code) &&
         ::testing::Value(std::string(status.message()), message);
}

// As above, with any message.
//
//   EXPECT_THAT(ReadFile("/missing"), StatusIs(absl::StatusCode::kNotFound));
MATCHER_P(StatusIs, code,
          std::string(negation ? "does not have" : "has") +
              " a status code that " +
              ::testing::DescribeMatcher<absl::StatusCode>(code)) {
  const absl::Status& status = status_matchers_internal::GetStatus(arg);
  *result_listener << "whose status is " << status;
  return ::testing::Value(status.code(), code);
}

}  // namespace gantry

#endif  // GANTRY_BASE_STATUS_MATCHERS_H_
