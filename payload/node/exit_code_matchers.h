#ifndef GANTRY_PAYLOAD_NODE_EXIT_CODE_MATCHERS_H_
#define GANTRY_PAYLOAD_NODE_EXIT_CODE_MATCHERS_H_

#include <string>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "payload/node/exit_code.h"

namespace gantry::node {

// Matches an absl::Status with an exit code and a message; `message` is a value
// or a matcher.
//
//   EXPECT_THAT(status, FailsWith(ExitCode::kBusy, HasSubstr("lock")));
MATCHER_P2(FailsWith, exit_code, message,
           "has exit code " + std::to_string(static_cast<int>(exit_code)) +
               " and a message that " +
               testing::DescribeMatcher<std::string>(message, negation)) {
  const absl::Status& status = arg;
  *result_listener << "whose status is " << status << ", with exit code "
                   << static_cast<int>(ExitCodeOf(status));
  return ExitCodeOf(status) == exit_code &&
         testing::Value(std::string(status.message()), message);
}

}  // namespace gantry::node

#endif  // GANTRY_PAYLOAD_NODE_EXIT_CODE_MATCHERS_H_
