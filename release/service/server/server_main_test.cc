// The server program: its flags, its line, its signals, its exit codes.

#include <signal.h>

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/subprocess.h"
#include "base/temp_dir.h"
#include "gtest/gtest.h"
#include "release/service/client/release_client.h"
#include "tools/cpp/runfiles/runfiles.h"

namespace gantry::service {
namespace {

using ::bazel::tools::cpp::runfiles::Runfiles;

class ServerMainTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string error;
    std::unique_ptr<Runfiles> runfiles(Runfiles::CreateForTest(&error));
    ASSERT_NE(runfiles, nullptr) << error;
    program_ = runfiles->Rlocation("gantry/release/service/server/server");
    auto dir = TempDir::Create();
    ASSERT_TRUE(dir.ok()) << dir.status();
    dir_ = std::make_unique<TempDir>(*std::move(dir));
  }

  SubprocessOptions Command(const std::string& listen) const {
    SubprocessOptions options;
    options.argv = {program_, absl::StrCat("--listen=", listen),
                    absl::StrCat("--state=", dir_->path())};
    return options;
  }

  std::string program_;
  std::unique_ptr<TempDir> dir_;
};

TEST_F(ServerMainTest, ServesUntilASignal) {
  for (int signal : {SIGTERM, SIGINT}) {
    auto server = BackgroundProcess::Start(Command("127.0.0.1:0"));
    ASSERT_TRUE(server.ok()) << server.status();
    const auto line = server->ReadLine();
    ASSERT_TRUE(line.ok()) << line.status();
    absl::string_view address = *line;
    ASSERT_TRUE(absl::ConsumePrefix(&address, "listening on ")) << *line;
    auto client = ReleaseClient::Connect(std::string(address));
    ASSERT_TRUE(client.ok()) << client.status();
    EXPECT_TRUE((*client)->ListCells({}).ok());
    server->Signal(signal);
    EXPECT_EQ(server->Wait(), 0);
    EXPECT_EQ((*client)->ListCells({}).status().code(),
              absl::StatusCode::kUnavailable);
  }
}

TEST_F(ServerMainTest, AddressThatIsNotHereIsExitCode1) {
  const auto result = RunSubprocess(Command("192.0.2.1:8980"));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->exit_code, 1);
  EXPECT_EQ(result->output, "");
  EXPECT_NE(result->error_output.find(
                "server: cannot listen on 192.0.2.1:8980: no such address "
                "here, or in use\n"),
            std::string::npos)
      << result->error_output;
}

}  // namespace
}  // namespace gantry::service
