#include "base/http.h"

#include <filesystem>
#include <memory>
#include <string>

#include "base/file.h"
#include "base/temp_dir.h"
#include "gtest/gtest.h"
#include "tests/fixtures/file_server.h"

namespace gantry {
namespace {

class HttpTest : public testing::Test {
 protected:
  void SetUp() override {
    auto folder = TempDir::Create();
    ASSERT_TRUE(folder.ok()) << folder.status();
    folder_ = std::make_unique<TempDir>(*std::move(folder));
    ASSERT_TRUE(WriteFileAtomically(folder_->path() + "/file", "12345").ok());
    std::filesystem::create_directories(folder_->path() + "/folder");
    ASSERT_TRUE(
        WriteFileAtomically(folder_->path() + "/folder/index.html", "in").ok());
    auto server = fixtures::FileServer::Start(folder_->path());
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = std::make_unique<fixtures::FileServer>(*std::move(server));
  }

  std::unique_ptr<TempDir> folder_;
  std::unique_ptr<fixtures::FileServer> server_;
};

TEST_F(HttpTest, GetsTheBody) {
  EXPECT_EQ(*HttpGet(server_->Url("file")), "12345");
}

TEST_F(HttpTest, FollowsRedirects) {
  // The server redirects a folder to its name with a slash.
  EXPECT_EQ(*HttpGet(server_->Url("folder")), "in");
}

TEST_F(HttpTest, MissingFileIsNotFoundAndNamed) {
  EXPECT_EQ(
      HttpGet(server_->Url("none")).status(),
      absl::NotFoundError(server_->Url("none") + ": the server answered 404"));
}

TEST_F(HttpTest, LongerThanTheLimitIsResourceExhausted) {
  HttpGetOptions options;
  options.max_bytes = 5;
  EXPECT_TRUE(HttpGet(server_->Url("file"), options).ok());
  options.max_bytes = 4;
  EXPECT_EQ(HttpGet(server_->Url("file"), options).status(),
            absl::ResourceExhaustedError(server_->Url("file") +
                                         ": longer than 4 bytes"));
}

TEST_F(HttpTest, UnreachableServerIsUnavailableAndNamed) {
  const std::string url = server_->Url("file");
  server_.reset();
  const absl::Status status = HttpGet(url).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(status.message().substr(0, url.size()), url);
}

TEST_F(HttpTest, OnlyHttp) {
  EXPECT_EQ(HttpGet("file:///etc/passwd").status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace gantry
