// The program, with a service, a layout and a registry.

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_replace.h"
#include "base/file.h"
#include "base/json.h"
#include "base/status_matchers.h"
#include "base/subprocess.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/publish_report.pb.h"
#include "release/job/publish_fixture.h"
#include "release/publish/publisher.h"
#include "tests/fixtures/test_cells.h"

namespace gantry::job {
namespace {

using ::gantry::fixtures::TestId;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr char kMatrix[] = R"(
  operating_systems {
    family: FAMILY_DEBIAN
    debian_suite: "bookworm"
    channels { name: "6.1-cloud" versions: "6.1.0-56-cloud-amd64" }
  }
  drivers { version: "535" flavour: DRIVER_FLAVOUR_OPEN redist {} }
  cuda_toolkits { version: "12.1" redist {} }
  retention { revisions_per_cell: 1 }
)";

class PublishProgramTest : public PublishTest {
 protected:
  void SetUp() override {
    Plan(1);
    first_ = Record(1, "first");
    second_ = Record(1, "second");
  }

  SubprocessResult Run(std::vector<std::string> flags) {
    SubprocessOptions options;
    options.argv = {"release/job/publish", "--state=" + state_.path()};
    options.argv.insert(options.argv.end(), flags.begin(), flags.end());
    const auto result = RunSubprocess(options);
    EXPECT_THAT(result, IsOk());
    return *result;
  }

  std::string MatrixFlag(const std::string& matrix) {
    EXPECT_THAT(WriteFileAtomically(PathOf("matrix"), matrix), IsOk());
    return "--matrix=" + PathOf("matrix");
  }

  // Leaves the database to the program.
  void StopService() {
    client_.reset();
    server_.reset();
  }

  std::string first_, second_;
};

TEST_F(PublishProgramTest, FillsALayoutOfTheDatabase) {
  const SubprocessResult result = Run({});
  EXPECT_EQ(result.exit_code, 0) << result.error_output;
  EXPECT_EQ(result.output,
            "0 images copied, 3 tags moved, 0 revisions missing\n");
  const SubprocessResult again = Run({"--json"});
  release::v1::PublishReport report;
  ASSERT_THAT(ParseJson(again.output, "report", report), IsOk());
  EXPECT_EQ(report.moved_tags(), 0);
}

TEST_F(PublishProgramTest, MissingRevisionIsExitCodeThree) {
  ASSERT_THAT(publish::RemoveImages({first_}, layout_), IsOk());
  const SubprocessResult result = Run({"--service=" + Serve()});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.output,
              AllOf(HasSubstr(", 1 revisions missing\n"),
                    HasSubstr("\n" + TestId(1) + " revision 1: ")));
}

TEST_F(PublishProgramTest, RegistryOfAnotherIsExitCodeFour) {
  publish::Destination registry;
  registry.registry_repository = "127.0.0.1:1/x";
  TakeLease(registry);
  for (const std::vector<std::string>& flags :
       {std::vector<std::string>{},
        std::vector<std::string>{"--prune", MatrixFlag(kMatrix)}}) {
    std::vector<std::string> all = {"--service=" + Serve(),
                                    "--registry=127.0.0.1:1/x"};
    all.insert(all.end(), flags.begin(), flags.end());
    const SubprocessResult result = Run(all);
    EXPECT_EQ(result.exit_code, 4);
    EXPECT_THAT(result.error_output,
                AllOf(HasSubstr("publish: 127.0.0.1:1/x: another process "),
                      HasSubstr("another until 2023-11-14")));
  }
}

TEST_F(PublishProgramTest, PrunesByThePolicyOfTheMatrix) {
  StopService();
  const std::string matrix = MatrixFlag(kMatrix);
  const SubprocessResult preview =
      Run({"--prune", matrix, "--dry_run", "--json"});
  EXPECT_EQ(preview.exit_code, 0) << preview.error_output;
  release::v1::PruneReport report;
  ASSERT_THAT(ParseJson(preview.output, "report", report), IsOk());
  EXPECT_THAT(report.revisions(), SizeIs(1));
  EXPECT_THAT(publish::HasImage(first_, layout_), IsOkAndHolds(true));

  const SubprocessResult result = Run({"--prune", matrix});
  EXPECT_EQ(result.exit_code, 0) << result.error_output;
  EXPECT_THAT(
      result.output,
      AllOf(HasSubstr("revision 1 of " + TestId(1) +
                      ": only the newest 1 of a cell are kept\n"),
            HasSubstr("image " + first_ + " of revision 1 of " + TestId(1)),
            HasSubstr("1 revisions pruned, 1 images removed, ")));
  EXPECT_THAT(publish::HasImage(first_, layout_), IsOkAndHolds(false));
  EXPECT_THAT(publish::HasImage(second_, layout_), IsOkAndHolds(true));
}

TEST_F(PublishProgramTest, MatrixWithAnErrorPrunesNothing) {
  const SubprocessResult result =
      Run({"--service=" + Serve(), "--prune",
           MatrixFlag(absl::StrReplaceAll(
               kMatrix, {{"revisions_per_cell: 1", "log_days: -1"}}))});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.error_output,
              HasSubstr("retention.log_days: -1 is not between"));
  EXPECT_THAT(publish::HasImage(first_, layout_), IsOkAndHolds(true));
}

TEST_F(PublishProgramTest, FlagsThatDoNotFitAreErrors) {
  for (const auto& [flags, error] :
       std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"--dry_run"}, "--dry_run: only allowed with --prune"},
           {{"--inputs=x"}, "--inputs: only allowed with --prune"},
           {{"--matrix=x"}, "--matrix: only allowed with --prune"},
           {{"--prune", "--from=x"}, "--from: not allowed with --prune"}}) {
    const SubprocessResult result = Run(flags);
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_EQ(result.error_output, "publish: " + error + "\n");
  }
}

}  // namespace
}  // namespace gantry::job
