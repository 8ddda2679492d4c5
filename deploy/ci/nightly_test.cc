// Runs deploy/ci/nightly with the real main job, query and release service.
// Only Bazel and discovery are replaced.

#include <stdlib.h>
#include <sys/stat.h>

#include <csignal>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/strings/substitute.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/file_lock.h"
#include "base/state_dir.h"
#include "base/status_matchers.h"
#include "base/subprocess.h"
#include "base/temp_dir.h"
#include "base/textproto.h"
#include "deploy/ci/webhook_receiver.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/image_descriptor.pb.h"
#include "proto/lock.pb.h"
#include "release/job/fake_bazel.h"
#include "release/plan/lock_file.h"
#include "release/plan/matrix_digest.h"
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

// Fails for the channel "beta", as if its server were unreachable.
constexpr char kDiscover[] = R"(#!/bin/sh
case "$*" in
  *--channel=beta*)
    echo "error: channel beta: the server answered 404" >&2
    exit 3 ;;
esac
)";

std::string Label(int number) {
  return absl::StrCat("@cells//", fixtures::TestId(number), ":cell");
}

// A release service, and a lock with cells 1 and 2 in "6.1-cloud".
class NightlyTest : public testing::Test {
 protected:
  NightlyTest()
      : directory_(*TempDir::Create(testing::TempDir())),
        bazel_(directory_.path()),
        receiver_(*WebhookReceiver::Start(PathOf("bodies"))),
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

  void AddToLock(int number, const std::string& channel) {
    auto& cell = *lock_.add_cells();
    cell.set_id(fixtures::TestId(number));
    *cell.mutable_coordinates() = fixtures::TestCoordinates(number);
    cell.add_channels(channel);
    if (lock_.releases().empty()) {
      lock_.add_releases()->set_name(cell.coordinates().os_release());
      auto& driver = *lock_.add_drivers();
      driver.set_version(cell.coordinates().version());
      driver.set_flavour(cell.coordinates().flavour());
    }
    lock_.add_cuda_toolkits()->set_version(cell.coordinates().cuda_version());
  }

  void Builds(int number) {
    bazel_.Builds(
        Label(number),
        {{"image", Write(absl::StrCat(number, ".image.textproto"),
                         FormatTextProto(WriteImage(number)))},
         {"proof",
          Write(absl::StrCat(number, ".proof.textproto"),
                FormatTextProto(
                    fixtures::TestRevision(number).payload().proof()))}});
  }

  void Fails(int number, const std::string& log) {
    bazel_.Fails(Label(number), "CompileKernelModules", log);
  }

  // The script with two workers.
  SubprocessOptions Script(const std::vector<std::string>& flags) {
    const auto discovery = StateDir::Open(PathOf("state/discovery"));
    EXPECT_THAT(discovery, IsOk());
    EXPECT_THAT(plan::WriteLock(lock_, *discovery), IsOk());
    SubprocessOptions options;
    options.argv = {"env",
                    "GANTRY_DISCOVER=" + PathOf("discover"),
                    "GANTRY_MATRIX=" + Absolute("release/job/matrix"),
                    "GANTRY_QUERY=" + Absolute("release/cli/query"),
                    "GANTRY_BAZEL=" + bazel_.command()[0],
                    "GANTRY_NIGHTLY_WEBHOOK=" + receiver_.url(),
                    "GANTRY_NIGHTLY_SERVICE=" + service_,
                    kScript,
                    "--channels=6.1-cloud",
                    "--workers=2",
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
                        "--cell_state=" + state, "list"});
  }

  std::string Report(const std::string& name) {
    return *ReadFile(PathOf("state/report/" + name));
  }

  const TempDir directory_;
  job::FakeBazel bazel_;
  WebhookReceiver receiver_;
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

  BackgroundProcess StartServer() const {
    SubprocessOptions options;
    options.argv = {"release/service/server/server", "--listen=127.0.0.1:0",
                    "--state=" + PathOf("service")};
    return *BackgroundProcess::Start(options);
  }

  payload::v1::Blob WriteBlob(const std::string& name,
                              const std::string& media_type,
                              const std::string& content) {
    Write(name, content);
    payload::v1::Blob blob;
    blob.set_digest(Sha256Digest(content));
    blob.set_size(static_cast<int64_t>(content.size()));
    blob.set_media_type(media_type);
    blob.set_path(name);
    return blob;
  }

  // An image without layers, which differs by cell.
  payload::v1::ImageDescriptor WriteImage(int number) {
    payload::v1::ImageDescriptor image;
    *image.mutable_coordinates() = fixtures::TestCoordinates(number);
    const payload::v1::Blob config =
        WriteBlob(absl::StrCat(number, ".config.json"),
                  "application/vnd.oci.image.config.v1+json",
                  R"({"architecture":"amd64","os":"linux"})");
    *image.mutable_config() = config;
    *image.mutable_manifest() = WriteBlob(
        absl::StrCat(number, ".manifest.json"),
        "application/vnd.oci.image.manifest.v1+json",
        absl::Substitute(
            R"({"schemaVersion":2,"config":{"mediaType":"$0","digest":"$1",)"
            R"("size":$2},"layers":[],"annotations":{"cell":"$3"}})",
            config.media_type(), config.digest(), config.size(), number));
    image.set_content_digest(image.manifest().digest());
    return image;
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
              AllOf(HasSubstr("worker 1 exited with 1: matrix: "),
                    HasSubstr("query exited with 1: query: ")));
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
