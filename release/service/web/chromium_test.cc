// Shows the web pages of the server program in a real browser.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "base/status_matchers.h"
#include "base/subprocess.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "release/service/client/release_client.h"
#include "tests/fixtures/test_cells.h"
#include "tests/fixtures/test_channels.h"

namespace gantry::service {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class ChromiumTest : public testing::Test {
 protected:
  void SetUp() override {
    SubprocessOptions server;
    server.argv = {"release/service/server/server", "--listen=127.0.0.1:0",
                   "--http_listen=127.0.0.1:0", "--state=" + PathOf("state")};
    GANTRY_ASSERT_OK_AND_ASSIGN(BackgroundProcess started,
                                BackgroundProcess::Start(server));
    server_ = std::make_unique<BackgroundProcess>(std::move(started));
    GANTRY_ASSERT_OK_AND_ASSIGN(const std::string listening,
                                server_->ReadLine());
    GANTRY_ASSERT_OK_AND_ASSIGN(url_, server_->ReadLine());
    url_ = std::string(absl::StripPrefix(url_, "web pages on "));
    GANTRY_ASSERT_OK_AND_ASSIGN(
        client_, ReleaseClient::Connect(std::string(
                     absl::StripPrefix(listening, "listening on "))));
    ASSERT_THAT(client_->MoveChannelHead(
                    fixtures::TestHeadMove(0, {"4230.2.0", "4152.1.0"})),
                IsOk());
    auto plan = fixtures::TestPlan(4);
    plan.mutable_coordinates()->set_os_release("flatcar-4230.2.0");
    plan.clear_channels();
    plan.add_channels("stable");
    ASSERT_THAT(client_->PlanCells({plan, fixtures::TestPlan(1)}), IsOk());
    ASSERT_THAT(client_->RecordRevision(fixtures::TestRevision(1)), IsOk());
  }

  std::string PathOf(const std::string& name) const {
    return JoinPath(directory_.path(), name);
  }

  // Runs the browser on a page, and returns its standard output.
  absl::StatusOr<std::string> Browse(const std::string& page,
                                     const std::vector<std::string>& flags) {
    SubprocessOptions browser;
    browser.argv = {"chromium",
                    "--headless",
                    "--no-sandbox",
                    "--disable-gpu",
                    "--no-first-run",
                    "--disable-dev-shm-usage",
                    "--window-size=1200,800",
                    "--user-data-dir=" + PathOf("profile")};
    browser.argv.insert(browser.argv.end(), flags.begin(), flags.end());
    browser.argv.push_back(url_ + page);
    browser.timeout = absl::Minutes(2);
    GANTRY_ASSIGN_OR_RETURN(const SubprocessResult result,
                            RunSubprocess(browser));
    if (result.exit_code != 0) {
      return absl::InternalError(result.error_output);
    }
    return result.output;
  }

  // What the browser makes of a page: its document, written as HTML.
  std::string Document(const std::string& page) {
    const auto document = Browse(page, {"--dump-dom"});
    EXPECT_THAT(document, IsOk());
    return document.value_or("");
  }

  std::string Screenshot(const std::string& name, const std::string& page,
                         std::vector<std::string> flags) {
    flags.push_back("--screenshot=" + PathOf(name));
    EXPECT_THAT(Browse(page, flags), IsOk());
    const auto image = ReadFile(PathOf(name));
    EXPECT_THAT(image, IsOkAndHolds(StartsWith("\x89PNG")));
    return image.value_or("");
  }

  const TempDir directory_ = *TempDir::Create(testing::TempDir());
  std::unique_ptr<BackgroundProcess> server_;
  std::string url_;
  std::unique_ptr<ReleaseClient> client_;
};

TEST_F(ChromiumTest, DocumentsAreWhatWasWritten) {
  // A browser moves what is nested wrongly.
  const std::string matrix = Document("matrix");
  EXPECT_THAT(matrix, AllOf(HasSubstr("<title>Matrix - Gantry</title>"),
                            HasSubstr("<main id=\"main\" tabindex=\"-1\">\n"
                                      "<h1>Matrix</h1>"),
                            HasSubstr("<th scope=\"row\">flatcar-4230.2.0</th>"
                                      "<td><a class=\"state planned\""),
                            HasSubstr("<th scope=\"row\">flatcar-4152.1.0</th>"
                                      "<td><span class=\"none\">none</span>")));
  const std::string cell =
      Document(absl::StrCat("cells/", fixtures::TestId(1)));
  EXPECT_THAT(cell, AllOf(HasSubstr("<h3>Revision 1</h3>\n<dl>"),
                          HasSubstr("<th scope=\"row\">nvidia-4</th>"
                                    "<td>accepted</td>")));
  for (const char* page : {"failures", "changes", "demand", "search", "none"}) {
    EXPECT_THAT(Document(page), HasSubstr("</main>")) << page;
  }
}

TEST_F(ChromiumTest, StyleFollowsThePreferredColors) {
  const std::string light = Screenshot("light.png", "matrix", {});
  const std::string dark = Screenshot(
      "dark.png", "matrix", {"--blink-settings=preferredColorScheme=0"});
  EXPECT_NE(light, dark);
  // The same page without its style would be smaller.
  EXPECT_GT(light.size(), 10'000u);
}

}  // namespace
}  // namespace gantry::service
