#include "base/http.h"

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "base/status_matchers.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fixtures/file_server.h"
#include "tests/fixtures/scripted_server.h"

namespace gantry {
namespace {

using ::gantry::fixtures::ScriptedAnswer;
using ::testing::ElementsAre;
using ::testing::SizeIs;

class HttpTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_THAT(WriteFileAtomically(directory_.path() + "/file", "12345"),
                IsOk());
    std::filesystem::create_directories(directory_.path() + "/directory");
    ASSERT_THAT(
        WriteFileAtomically(directory_.path() + "/directory/index.html", "in"),
        IsOk());
    auto server = fixtures::FileServer::Start(directory_.path());
    ASSERT_THAT(server, IsOk());
    server_ = std::make_unique<fixtures::FileServer>(*std::move(server));
  }

  const TempDir directory_ = *TempDir::Create();
  std::unique_ptr<fixtures::FileServer> server_;
};

TEST_F(HttpTest, GetsTheBody) {
  EXPECT_THAT(HttpGet(server_->Url("file")), IsOkAndHolds("12345"));
}

TEST_F(HttpTest, FollowsRedirects) {
  // The server redirects a directory to its name with a slash.
  EXPECT_THAT(HttpGet(server_->Url("directory")), IsOkAndHolds("in"));
}

TEST_F(HttpTest, MissingFileIsNotFound) {
  EXPECT_THAT(HttpGet(server_->Url("none")),
              StatusIs(absl::StatusCode::kNotFound,
                       server_->Url("none") + ": the server answered 404"));
}

TEST_F(HttpTest, LongerThanTheLimitIsResourceExhausted) {
  HttpGetOptions options;
  options.max_bytes = 5;
  EXPECT_THAT(HttpGet(server_->Url("file"), options), IsOk());
  options.max_bytes = 4;
  EXPECT_THAT(HttpGet(server_->Url("file"), options),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       server_->Url("file") + ": longer than 4 bytes"));
}

TEST_F(HttpTest, UnreachableServerIsUnavailable) {
  const std::string url = server_->Url("file");
  server_.reset();
  HttpGetOptions options;
  options.retry.max_attempts = 1;
  EXPECT_THAT(HttpGet(url, options),
              StatusIs(absl::StatusCode::kUnavailable,
                       ::testing::StartsWith(url + ": ")));
}

TEST_F(HttpTest, OtherSchemesAreInvalidArgument) {
  EXPECT_THAT(HttpGet("file:///etc/passwd"),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

// Requests to a server with a script, which record the delays instead of
// waiting.
class HttpRetryTest : public testing::Test {
 protected:
  HttpRetryTest() {
    options_.retry.sleep = [this](absl::Duration delay) {
      delays_.push_back(delay);
    };
  }

  absl::StatusOr<std::string> Get(const std::vector<ScriptedAnswer>& answers) {
    GANTRY_ASSIGN_OR_RETURN(const fixtures::ScriptedServer server,
                            fixtures::ScriptedServer::Start(answers));
    url_ = server.url();
    return HttpGet(url_, options_);
  }

  HttpGetOptions options_;
  std::string url_;
  std::vector<absl::Duration> delays_;
};

TEST_F(HttpRetryTest, ServerThatFailsTwiceAnswers) {
  for (int status : {429, 500, 502, 503, 504, ScriptedAnswer::kClose}) {
    EXPECT_THAT(Get({{status}, {status}, {200, "body"}}), IsOkAndHolds("body"))
        << status;
  }
}

TEST_F(HttpRetryTest, TruncatedBodyIsFetchedAgain) {
  EXPECT_THAT(Get({{200, "half", "", /*missing_bytes=*/4}, {200, "halfhalf"}}),
              IsOkAndHolds("halfhalf"));
}

TEST_F(HttpRetryTest, TimeoutIsRetried) {
  options_.timeout = absl::Milliseconds(500);
  EXPECT_THAT(Get({{ScriptedAnswer::kHang}, {200, "body"}}),
              IsOkAndHolds("body"));
}

TEST_F(HttpRetryTest, RefusedConnectionIsRetried) {
  EXPECT_THAT(Get({}), StatusIs(absl::StatusCode::kUnavailable));
  delays_.clear();
  // The server has ended.
  EXPECT_THAT(HttpGet(url_, options_),
              StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(delays_, SizeIs(3));
}

TEST_F(HttpRetryTest, DelaysDoubleUpToTheMaximum) {
  options_.retry.max_attempts = 6;
  options_.retry.first_delay = absl::Seconds(2);
  options_.retry.max_delay = absl::Seconds(9);
  EXPECT_THAT(Get({{503}, {503}, {503}, {503}, {503}, {503}}),
              StatusIs(absl::StatusCode::kUnavailable));
  ASSERT_THAT(delays_, SizeIs(5));
  constexpr double kBounds[] = {2, 4, 8, 9, 9};
  for (size_t i = 0; i < delays_.size(); ++i) {
    EXPECT_GE(delays_[i], absl::Seconds(kBounds[i]) / 2) << i;
    EXPECT_LE(delays_[i], absl::Seconds(kBounds[i])) << i;
  }
}

TEST_F(HttpRetryTest, LastErrorIsReturned) {
  options_.retry.max_attempts = 2;
  const auto result = Get({{503}, {500}, {200}});
  EXPECT_THAT(result, StatusIs(absl::StatusCode::kUnavailable,
                               url_ + ": the server answered 500"));
}

TEST_F(HttpRetryTest, OtherErrorsAreNotRetried) {
  for (int status : {400, 401, 403, 404, 408, 410}) {
    EXPECT_THAT(Get({{status}, {200}}), testing::Not(IsOk())) << status;
    EXPECT_THAT(delays_, testing::IsEmpty()) << status;
  }
}

TEST_F(HttpRetryTest, RetryAfterLengthensTheDelay) {
  EXPECT_THAT(Get({{429, "", "7"}, {503, "", "0"}, {200, "body"}}),
              IsOkAndHolds("body"));
  ASSERT_THAT(delays_, SizeIs(2));
  EXPECT_EQ(delays_[0], absl::Seconds(7));
  EXPECT_LE(delays_[1], absl::Seconds(2));
}

TEST_F(HttpRetryTest, RetryAfterIsBounded) {
  EXPECT_THAT(Get({{503, "", "86400"}, {200, "body"}}), IsOkAndHolds("body"));
  EXPECT_THAT(delays_, ElementsAre(absl::Minutes(1)));
}

TEST_F(HttpRetryTest, RetryAfterMayBeADate) {
  EXPECT_THAT(Get({{503, "", "Fri, 31 Dec 9999 23:59:59 GMT"}, {200, "body"}}),
              IsOkAndHolds("body"));
  EXPECT_THAT(delays_, ElementsAre(absl::Minutes(1)));
}

}  // namespace
}  // namespace gantry
