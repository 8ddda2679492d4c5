// Runs deploy/ci/nightly with the real worker, query, release service and
// registry.  Only Bazel and discovery are replaced.

#include <stdlib.h>
#include <sys/stat.h>

#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/file_lock.h"
#include "base/progress.h"
#include "base/state_dir.h"
#include "base/status_matchers.h"
#include "base/subprocess.h"
#include "base/temp_dir.h"
#include "deploy/ci/webhook_receiver.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/credentials.pb.h"
#include "proto/lock.pb.h"
#include "release/job/fake_bazel.h"
#include "release/job/fake_cell.h"
#include "release/job/planning.h"
#include "release/plan/lock_file.h"
#include "release/plan/matrix_digest.h"
#include "release/service/auth/new_token.h"
#include "release/service/client/client_credentials.h"
#include "release/service/client/release_client.h"
#include "tests/fixtures/registry.h"
#include "tests/fixtures/test_cells.h"

namespace gantry::ci {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr char kScript[] = "deploy/ci/nightly";

// Finds nothing new, and fails for the channel "beta", as if its server were
// unreachable.
constexpr char kDiscover[] = R"(#!/bin/sh
case "$*" in
  *--channel=beta*)
    echo "error: channel beta: the server answered 404" >&2
    exit 3 ;;
esac
)";

// A release service, in which cells 1 and 2 of "6.1-cloud" are planned.
class NightlyTest : public testing::Test {
 protected:
  NightlyTest()
      : directory_(*TempDir::Create(testing::TempDir())),
        bazel_(directory_.path()),
        receiver_(*WebhookReceiver::Start(PathOf("bodies"))),
        registry_(*fixtures::Registry::Start(directory_.path())),
        server_(StartServer()) {
    const auto address = server_.ReadLine();
    EXPECT_THAT(address, IsOk());
    service_ = std::string(absl::StripPrefix(*address, "listening on "));
    Write("matrix.textproto", "# See the lock.\n");
    Write("discover", kDiscover);
    EXPECT_EQ(chmod(PathOf("discover").c_str(), 0755), 0);
    lock_.set_matrix_digest(*plan::MatrixDigest(PathOf("matrix.textproto")));
    AddToLock(1, "6.1-cloud");
    AddToLock(2, "6.1-cloud");
  }

  std::string PathOf(const std::string& name) const {
    return JoinPath(directory_.path(), name);
  }

  std::string Write(const std::string& name, const std::string& content) {
    EXPECT_THAT(WriteFileAtomically(PathOf(name), content), IsOk());
    return PathOf(name);
  }

  service::ClientCredentials Credentials() const {
    service::ClientCredentials credentials;
    credentials.token_file = PathOf("token");
    return credentials;
  }

  void AddToLock(int number, const std::string& channel) {
    auto& cell = job::AddTestCell(number, lock_);
    cell.clear_channels();
    cell.add_channels(channel);
  }

  void Builds(int number) {
    job::BuildsTestCell(directory_.path(), number, bazel_);
  }

  void Fails(int number, const std::string& log) {
    bazel_.Fails(job::TestLabel(number), "CompileKernelModules", log);
  }

  // Makes the service plan the lock.
  void Plan() {
    GANTRY_ASSERT_OK_AND_ASSIGN(const StateDir state,
                                StateDir::Open(PathOf("planner")));
    ASSERT_THAT(plan::WriteLock(lock_, state), IsOk());
    GANTRY_ASSERT_OK_AND_ASSIGN(
        const auto client,
        service::ReleaseClient::Connect(service_, Credentials()));
    job::PlanningOptions options;
    options.matrix_path = PathOf("matrix.textproto");
    Progress progress(stderr);
    ASSERT_THAT(job::PlanMatrix(options, state, *client, progress), IsOk());
  }

  // The script with two workers.
  SubprocessOptions Script(const std::vector<std::string>& flags) {
    Plan();
    SubprocessOptions options;
    options.argv = {"env",
                    "GANTRY_DISCOVER=" + PathOf("discover"),
                    "GANTRY_WORKER=" + Absolute("release/job/worker_main"),
                    "GANTRY_QUERY=" + Absolute("release/cli/query"),
                    "GANTRY_BAZEL=" + bazel_.command()[0],
                    "GANTRY_NIGHTLY_WEBHOOK=" + receiver_.url(),
                    "GANTRY_NIGHTLY_SERVICE=" + service_,
                    "GANTRY_NIGHTLY_REGISTRY=" + registry_.Repository("fleet"),
                    kScript,
                    "--channels=6.1-cloud",
                    "--workers=2",
                    "--service_flags=--service_token_file=" + PathOf("token"),
                    "--matrix=" + PathOf("matrix.textproto"),
                    "--state=" + PathOf("state"),
                    "--report_url=https://ci.example/nightly"};
    options.argv.insert(options.argv.end(), flags.begin(), flags.end());
    return options;
  }

  SubprocessResult Run(const std::vector<std::string>& flags = {}) {
    const auto result = RunSubprocess(Script(flags));
    EXPECT_THAT(result, IsOk());
    return *result;
  }

  // The cells in one state, as the query prints them.
  std::string CellsInState(const std::string& state) {
    return *RunCommand({"release/cli/query", "--service=" + service_,
                        "--service_token_file=" + PathOf("token"),
                        "--cell_state=" + state, "list"});
  }

  std::string Report(const std::string& name) {
    return *ReadFile(PathOf("state/report/" + name));
  }

  const TempDir directory_;
  job::FakeBazel bazel_;
  WebhookReceiver receiver_;
  const fixtures::Registry registry_;
  BackgroundProcess server_;
  std::string service_;
  matrix::v1::Lock lock_;

 private:
  static std::string Absolute(const std::string& path) {
    char* const resolved = realpath(path.c_str(), nullptr);
    EXPECT_NE(resolved, nullptr) << path;
    const std::string absolute = resolved;
    free(resolved);
    return absolute;
  }

  // The service asks for a token, which the test plans with, too.
  BackgroundProcess StartServer() {
    const auto token =
        service::AddToken(PathOf("credentials"), "nightly",
                          {release::v1::ROLE_PLANNER, release::v1::ROLE_WORKER},
                          absl::Now() + absl::Hours(1));
    EXPECT_THAT(token, IsOk());
    Write("token", *token);
    SubprocessOptions options;
    options.argv = {"release/service/server/server", "--listen=127.0.0.1:0",
                    "--credentials=" + PathOf("credentials"),
                    "--state=" + PathOf("service")};
    return *BackgroundProcess::Start(options);
  }
};

TEST_F(NightlyTest, ReportsACompleteMatrixWithoutWebhook) {
  Builds(1);
  Builds(2);
  const SubprocessResult result = Run();
  EXPECT_EQ(result.exit_code, 0) << result.error_output;
  EXPECT_THAT(result.output, HasSubstr("2 of 2 wanted cells built, 0 failed"));
  EXPECT_THAT(Report("report.md"),
              AllOf(HasSubstr("| debian-12-6.1.0-56-cloud-amd64 | amd64 | "
                              "built | built |\n"),
                    HasSubstr("## Failures\n\nNone.\n")));
  EXPECT_THAT(Report("report.html"),
              HasSubstr("<td class=\"built\">built</td>"));
  EXPECT_THAT(receiver_.Bodies(), IsEmpty());
}

TEST_F(NightlyTest, SendsTheWebhookOnlyForNewFailures) {
  Builds(1);
  Fails(2, "nv.c:1:2: error: no member\n");
  const SubprocessResult first = Run();
  EXPECT_EQ(first.exit_code, 3) << first.error_output;
  EXPECT_THAT(
      Report("report.md"),
      AllOf(HasSubstr("This is the first run"), HasSubstr("1 cell, "),
            HasSubstr("in stage compile: CompileKernelModules: "
                      "nv.c:1:2: error: no member\n"),
            HasSubstr("- " + fixtures::TestId(2) + " (new), next attempt: ")));
  EXPECT_THAT(receiver_.Bodies(),
              ElementsAre(AllOf(HasSubstr("\"id\": \"" + fixtures::TestId(2)),
                                HasSubstr("\"fingerprint\": \"v1:"),
                                HasSubstr("https://ci.example/nightly"))));

  const SubprocessResult second = Run();
  EXPECT_EQ(second.exit_code, 3) << second.error_output;
  EXPECT_THAT(Report("report.md"),
              AllOf(HasSubstr("## New since "), HasSubstr("\n\nNothing.\n"),
                    Not(HasSubstr("(new)"))));
  EXPECT_THAT(receiver_.Bodies(), SizeIs(1));

  AddToLock(3, "6.1-cloud");
  AddToLock(4, "6.1-cloud");
  Fails(3, "nv.c:9:9: error: another\n");
  Builds(4);
  const SubprocessResult third = Run();
  EXPECT_EQ(third.exit_code, 3) << third.error_output;
  EXPECT_THAT(Report("report.md"),
              AllOf(HasSubstr("- failed: " + fixtures::TestId(3) + "\n"),
                    HasSubstr("- built: " + fixtures::TestId(4) + "\n"),
                    HasSubstr("- wanted: " + fixtures::TestId(3) + "\n"),
                    Not(HasSubstr("- failed: " + fixtures::TestId(2)))));
  ASSERT_THAT(receiver_.Bodies(), SizeIs(2));
  EXPECT_THAT(receiver_.Bodies()[1],
              AllOf(HasSubstr("\"id\": \"" + fixtures::TestId(3)),
                    Not(HasSubstr("\"id\": \"" + fixtures::TestId(2)))));
}

TEST_F(NightlyTest, AFailingChannelDoesNotStopTheNext) {
  Builds(1);
  Builds(2);
  Builds(3);
  AddToLock(3, "beta");
  const SubprocessResult result = Run({"--channels=beta,6.1-cloud"});
  EXPECT_EQ(result.exit_code, 3) << result.error_output;
  EXPECT_THAT(
      Report("report.md"),
      AllOf(HasSubstr("3 of 3 wanted cells built"),
            HasSubstr("| beta | 1 of 1 | discovery exited with 3: error: "
                      "channel beta: the server answered 404"),
            HasSubstr("| 6.1-cloud | 2 of 2 | none |\n")));
  EXPECT_THAT(receiver_.Bodies(),
              ElementsAre(HasSubstr("\"failed_channels\": [{\"name\": "
                                    "\"beta\"")));
}

TEST_F(NightlyTest, AnUnreachableServiceIsAProblemOfEachChannel) {
  const SubprocessResult result = Run({"--service=127.0.0.1:1"});
  EXPECT_EQ(result.exit_code, 3) << result.error_output;
  EXPECT_THAT(Report("report.md"),
              AllOf(HasSubstr("worker 1 exited with 1: worker: "),
                    HasSubstr("query exited with 1: query: ")));
}

TEST_F(NightlyTest, InputsAreKept) {
  auto& source = *lock_.mutable_drivers(0)->mutable_source();
  source.set_url("http://x/source.tar.gz");
  source.set_digest(Sha256Digest("source"));
  job::FakeCellOptions options;
  options.input = Write("source.tar.gz", "source");
  job::BuildsTestCell(directory_.path(), 1, bazel_, options);
  job::BuildsTestCell(directory_.path(), 2, bazel_, options);
  const SubprocessResult result = Run({"--inputs=" + PathOf("inputs")});
  EXPECT_EQ(result.exit_code, 0) << result.error_output;
  EXPECT_THAT(ReadFile(absl::StrCat(PathOf("inputs/sha256/"),
                                    DigestHex(source.digest()))),
              IsOkAndHolds("source"));
}

TEST_F(NightlyTest, InterruptionGivesCellsBack) {
  // Opening it blocks until both sides do.
  const std::string started = PathOf("started");
  ASSERT_EQ(mkfifo(started.c_str(), 0600), 0);
  // The job must have its handler for SIGTERM, 0x4000 in this mask.
  bazel_.RunsFirst(
      "until grep -q '^SigCgt:.*[4-7c-f]...$' /proc/$PPID/status; do :; done\n"
      "echo >'" +
      started + "'\nexec sleep 600\n");
  SubprocessOptions options = Script({"--workers=1"});
  options.error_log = PathOf("errors");
  GANTRY_ASSERT_OK_AND_ASSIGN(BackgroundProcess script,
                              BackgroundProcess::Start(options));
  ASSERT_THAT(ReadFile(started), IsOk());
  EXPECT_THAT(CellsInState("building"), HasSubstr(fixtures::TestId(1)));
  script.Signal(SIGTERM);
  EXPECT_EQ(script.Wait(), 1);
  EXPECT_THAT(ReadFile(PathOf("errors")),
              IsOkAndHolds("nightly: interrupted\n"));
  EXPECT_THAT(CellsInState("building"), Not(HasSubstr(fixtures::TestId(1))));
  EXPECT_THAT(CellsInState("planned"), HasSubstr(fixtures::TestId(1)));
}

TEST_F(NightlyTest, OnlyOneRunUsesAStateDirectory) {
  CreateDirectories(PathOf("state")).IgnoreError();
  GANTRY_ASSERT_OK_AND_ASSIGN(
      const FileLock other, FileLock::TryAcquire(PathOf("state/nightly.lock")));
  const SubprocessResult result = Run();
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.error_output,
            absl::StrCat("nightly: ", PathOf("state"),
                         ": another run uses this state directory\n"));
}

TEST_F(NightlyTest, WrongSettingsAreErrors) {
  const SubprocessResult unknown = Run({"--no_such_flag"});
  EXPECT_EQ(unknown.exit_code, 1);
  EXPECT_EQ(unknown.error_output,
            "nightly: unknown argument \"--no_such_flag\"; see --help\n");
  const SubprocessResult channel = Run({"--channels=../x"});
  EXPECT_EQ(channel.exit_code, 1);
  EXPECT_EQ(channel.error_output,
            "nightly: --channels: \"../x\" is not the name of a channel\n");
}

}  // namespace
}  // namespace gantry::ci
