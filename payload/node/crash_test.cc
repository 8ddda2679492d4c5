// Interrupts an installation at every single operation that changes the file
// system: by an error, by errors from that operation on, and by SIGKILL.  What
// was installed before must still work, and the next run must finish.

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "payload/node/exit_code.h"
#include "payload/node/installer.h"
#include "payload/node/installer_fixture.h"
#include "payload/node/new_file.h"
#include "payload/node/test_host.h"
#include "payload/node/test_mount.h"
#include "payload/node/test_payload.h"

namespace gantry::node {
namespace {

namespace fs = std::filesystem;
using ::testing::AnyOf;
using ::testing::IsEmpty;

// More than any scenario has.
constexpr int kMaxOperations = 1000;

constexpr char kCudaLink[] = "opt/cuda/current";
constexpr char kNvidiaLink[] = "opt/nvidia/current";

enum class Ending { kError, kErrorsFromThere, kKill };

struct Scenario {
  const char* name;
  // What is installed before; empty: nothing.
  std::string old_version, old_content;
  // Whether the file system has RENAME_EXCHANGE.
  bool can_exchange;
};

class CrashTest
    : public InstallerFixture,
      public testing::WithParamInterface<std::tuple<Scenario, Ending>> {
 protected:
  CrashTest() : new_(Payload("12.4", "new")) {
    if (scenario().old_version.empty()) return;
    old_.emplace(Payload(scenario().old_version, scenario().old_content));
  }

  const Scenario& scenario() { return std::get<0>(GetParam()); }

  InstallOptions OptionsWithHook(const TestPayload& payload,
                                 BeforeOperation before = nullptr) {
    InstallOptions options = Options(payload);
    options.before_operation = [this, before](absl::string_view operation,
                                              absl::string_view path) {
      if (operation == "exchange" && !scenario().can_exchange) {
        return absl::UnimplementedError("no exchange");
      }
      return before ? before(operation, path) : absl::OkStatus();
    };
    return options;
  }

  // Replaces the host by a new one on which the old payload is installed.
  void MakeHost() {
    fs::remove_all(rootfs_);
    MakeTestHost(rootfs_);
    if (!old_.has_value()) return;
    ASSERT_THAT(Install(OptionsWithHook(*old_)), IsOk());
  }

  // The content that a program finds behind `link`; "<mixed>" if its files are
  // of different payloads.
  std::string Content(const std::string& link) {
    const std::string video =
        link + "/lib/modules/" + kTestKernel + "/video/nvidia.ko";
    const std::vector<std::string> files =
        link == kCudaLink
            ? std::vector<std::string>{link + "/bin/nvcc",
                                       link + "/lib64/libcudart.so"}
            : std::vector<std::string>{link + "/lib64/libcuda.so.1", video};
    std::set<std::string> contents;
    for (const std::string& file : files) {
      const std::string content = Read(file);
      contents.insert(content.substr(content.find(' ') + 1));
    }
    return contents.size() == 1 ? *contents.begin() : "<mixed>";
  }

  void ExpectWorking() {
    for (const char* link : {kCudaLink, kNvidiaLink}) {
      if (!old_.has_value() && !fs::is_symlink(OnHost(link))) continue;
      EXPECT_THAT(Content(link), AnyOf("new", scenario().old_content)) << link;
    }
  }

  void ExpectNextRunFinishes() {
    ASSERT_THAT(Install(OptionsWithHook(new_)), IsOk());
    EXPECT_EQ(Content(kCudaLink), "new");
    EXPECT_EQ(Content(kNvidiaLink), "new");
    EXPECT_EQ(LinkTarget(kCudaLink), "12.4");
    EXPECT_THAT(FindLeftovers(rootfs_), IsEmpty());
    EXPECT_FALSE(Run(OptionsWithHook(new_)).changed);
  }

  // Runs an installation and interrupts it at the n-th operation, counted from
  // 1.  Returns false if it finished before.
  bool InterruptAt(int n) {
    const Ending ending = std::get<1>(GetParam());
    int count = 0;
    const auto interrupt = [&](absl::string_view, absl::string_view) {
      ++count;
      if (count == n && ending == Ending::kKill) raise(SIGKILL);
      const bool fails =
          count == n || (count > n && ending == Ending::kErrorsFromThere);
      return fails ? absl::InternalError("injected") : absl::OkStatus();
    };
    const InstallOptions options = OptionsWithHook(new_, interrupt);
    if (ending == Ending::kKill) return IsKilled(options);
    const auto result = Install(options);
    EXPECT_EQ(result.ok(), count < n) << result.status();
    return !result.ok();
  }

  // Runs an installation in a child process; false if it finished.
  static bool IsKilled(const InstallOptions& options) {
    const pid_t child = fork();
    if (child == 0) _exit(Install(options).ok() ? 0 : 1);
    int state = 0;
    EXPECT_EQ(waitpid(child, &state, 0), child);
    EXPECT_TRUE(WIFSIGNALED(state) || WEXITSTATUS(state) == 0);
    return WIFSIGNALED(state);
  }

  // Mounts a directory below every directory of ours, complete or left over,
  // and runs an installation, which finishes or refuses to remove one of them.
  void ExpectMountsAreLeftAlone() {
    MakeVictim();
    std::vector<std::unique_ptr<BindMount>> mounts;
    for (const std::string base : {"opt/cuda/", "opt/nvidia/"}) {
      for (const std::string name : {".gantry-staging", ".gantry-staging-2",
                                     "12.4", "535.261.03/flatcar-4230.2.0"}) {
        const std::string directory = OnHost(base + name);
        if (!fs::is_directory(directory)) continue;
        fs::create_directory(directory + "/mounted");
        mounts.push_back(std::make_unique<BindMount>(OnHost("victim"),
                                                     directory + "/mounted"));
      }
    }
    const absl::Status status = Install(OptionsWithHook(new_)).status();
    EXPECT_THAT(ExitCodeOf(status), AnyOf(ExitCode::kOk, ExitCode::kMounted));
    EXPECT_EQ(Read("victim/file"), "kept");
  }
  void MakeVictim() {
    fs::create_directories(OnHost("victim"));
    ASSERT_THAT(WriteFileAtomically(OnHost("victim/file"), "kept"), IsOk());
  }

  const TestPayload new_;
  absl::optional<TestPayload> old_;
};

TEST_P(CrashTest, OldVersionWorksAndNextRunFinishesAfterEachOperation) {
  int operations = 0;
  for (int n = 1;; ++n) {
    ASSERT_LT(n, kMaxOperations);
    SCOPED_TRACE(n);
    ASSERT_NO_FATAL_FAILURE(MakeHost());
    const bool was_interrupted = InterruptAt(n);
    ExpectWorking();
    ASSERT_NO_FATAL_FAILURE(ExpectNextRunFinishes());
    if (!was_interrupted || HasFailure()) break;
    operations = n;
  }
  EXPECT_GT(operations, 40);
}

TEST_P(CrashTest, MountsAreLeftAloneAfterEachOperation) {
  for (int n = 1;; ++n) {
    ASSERT_LT(n, kMaxOperations);
    SCOPED_TRACE(n);
    ASSERT_NO_FATAL_FAILURE(MakeHost());
    const bool was_interrupted = InterruptAt(n);
    ASSERT_NO_FATAL_FAILURE(ExpectMountsAreLeftAlone());
    ExpectWorking();
    ASSERT_NO_FATAL_FAILURE(ExpectNextRunFinishes());
    if (!was_interrupted || HasFailure()) break;
  }
}

const Scenario kScenarios[] = {
    {"Fresh", "", "", true},
    {"NewToolkit", "11.8", "old", true},
    {"Replace", "12.4", "old", true},
    {"ReplaceWithoutExchange", "12.4", "old", false},
};

std::string TestName(const testing::TestParamInfo<CrashTest::ParamType>& info) {
  constexpr const char* kEndings[] = {"Error", "ErrorsFromThere", "Kill"};
  const auto& [scenario, ending] = info.param;
  return std::string(scenario.name) + kEndings[static_cast<int>(ending)];
}

INSTANTIATE_TEST_SUITE_P(
    All, CrashTest,
    testing::Combine(testing::ValuesIn(kScenarios),
                     testing::Values(Ending::kError, Ending::kErrorsFromThere,
                                     Ending::kKill)),
    TestName);

}  // namespace
}  // namespace gantry::node
