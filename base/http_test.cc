#include "base/http.h"

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fixtures/file_server.h"

namespace gantry {
namespace {

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
  EXPECT_THAT(HttpGet(url), StatusIs(absl::StatusCode::kUnavailable,
                                     ::testing::StartsWith(url + ": ")));
}

TEST_F(HttpTest, OtherSchemesAreInvalidArgument) {
  EXPECT_THAT(HttpGet("file:///etc/passwd"),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace gantry
