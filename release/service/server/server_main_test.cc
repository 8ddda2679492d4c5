// Runs the server program: its flags, output, signals and exit codes.

#include <signal.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "base/http.h"
#include "base/status_matchers.h"
#include "base/subprocess.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "release/service/client/release_client.h"
#include "tools/cpp/runfiles/runfiles.h"

namespace gantry::service {
namespace {

using ::bazel::tools::cpp::runfiles::Runfiles;
using ::testing::HasSubstr;

class ServerMainTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string error;
    std::unique_ptr<Runfiles> runfiles(Runfiles::CreateForTest(&error));
    ASSERT_NE(runfiles, nullptr) << error;
    program_ = runfiles->Rlocation("gantry/release/service/server/server");
  }

  SubprocessOptions Command(const std::string& listen) const {
    SubprocessOptions options;
    options.argv = {program_, absl::StrCat("--listen=", listen),
                    absl::StrCat("--state=", dir_.path())};
    return options;
  }

  const TempDir dir_ = *TempDir::Create(testing::TempDir());
  std::string program_;
};

TEST_F(ServerMainTest, ServesUntilSignaled) {
  for (int signal : {SIGTERM, SIGINT}) {
    GANTRY_ASSERT_OK_AND_ASSIGN(
        BackgroundProcess server,
        BackgroundProcess::Start(Command("127.0.0.1:0")));
    GANTRY_ASSERT_OK_AND_ASSIGN(const std::string line, server.ReadLine());
    absl::string_view address = line;
    ASSERT_TRUE(absl::ConsumePrefix(&address, "listening on ")) << line;
    GANTRY_ASSERT_OK_AND_ASSIGN(const auto client,
                                ReleaseClient::Connect(std::string(address)));
    EXPECT_THAT(client->ListCells({}), IsOk());
    server.Signal(signal);
    EXPECT_EQ(server.Wait(), 0);
    client->set_retry_timeout(absl::ZeroDuration());
    EXPECT_THAT(client->ListCells({}),
                StatusIs(absl::StatusCode::kUnavailable));
  }
}

TEST_F(ServerMainTest, ServesWebPages) {
  SubprocessOptions command = Command("127.0.0.1:0");
  command.argv.push_back("--http_listen=127.0.0.1:0");
  GANTRY_ASSERT_OK_AND_ASSIGN(BackgroundProcess server,
                              BackgroundProcess::Start(command));
  ASSERT_THAT(server.ReadLine(), IsOk());
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::string line, server.ReadLine());
  absl::string_view url = line;
  ASSERT_TRUE(absl::ConsumePrefix(&url, "web pages on ")) << line;
  EXPECT_THAT(HttpGet(std::string(url)),
              IsOkAndHolds(HasSubstr("No channel has been planned yet.")));
  server.Signal(SIGTERM);
  EXPECT_EQ(server.Wait(), 0);
}

TEST_F(ServerMainTest, AddressWithoutPortIsExitCode1) {
  for (const char* address : {"0.0.0.0", "localhost", ""}) {
    GANTRY_ASSERT_OK_AND_ASSIGN(const SubprocessResult result,
                                RunSubprocess(Command(address)));
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_THAT(result.error_output,
                HasSubstr(absl::StrCat("--listen: \"", address,
                                       "\" is not of the form HOST:PORT\n")));
  }
}

TEST_F(ServerMainTest, MalformedHttpAddressIsExitCode1) {
  SubprocessOptions command = Command("127.0.0.1:0");
  command.argv.push_back("--http_listen=8981");
  GANTRY_ASSERT_OK_AND_ASSIGN(const SubprocessResult result,
                              RunSubprocess(command));
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.output, "");
  EXPECT_THAT(result.error_output,
              HasSubstr("--http_listen: \"8981\" is not of the form "
                        "HOST:PORT\n"));
}

TEST_F(ServerMainTest, ListensBeyondThisMachineOnlyWithCredentials) {
  for (const char* flag : {"--listen=0.0.0.0:0", "--http_listen=[::]:0"}) {
    SubprocessOptions command = Command("127.0.0.1:0");
    command.argv.push_back(flag);
    GANTRY_ASSERT_OK_AND_ASSIGN(const SubprocessResult result,
                                RunSubprocess(command));
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_THAT(result.error_output,
                HasSubstr(absl::StrCat(
                    flag,
                    " is reached from other machines: set --credentials, "
                    "--tls_certificate and --tls_key")));
  }
  SubprocessOptions command = Command("0.0.0.0:0");
  command.argv.push_back("--insecure_listen");
  GANTRY_ASSERT_OK_AND_ASSIGN(BackgroundProcess server,
                              BackgroundProcess::Start(command));
  EXPECT_THAT(server.ReadLine(), IsOkAndHolds(HasSubstr("listening on ")));
}

TEST_F(ServerMainTest, AddressThatIsNotLocalIsExitCode1) {
  SubprocessOptions command = Command("192.0.2.1:8980");
  command.argv.push_back("--insecure_listen");
  GANTRY_ASSERT_OK_AND_ASSIGN(const SubprocessResult result,
                              RunSubprocess(command));
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.output, "");
  EXPECT_THAT(result.error_output,
              HasSubstr("server: cannot listen on 192.0.2.1:8980: the address "
                        "is in use or not local\n"));
}

}  // namespace
}  // namespace gantry::service
