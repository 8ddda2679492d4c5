// Ends an installation at each single operation that changes the file system:
// by an error, by errors from there on, and by SIGKILL.  Whatever was
// installed must keep working, and the next run must finish.

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "absl/status/status.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "payload/node/exit_code.h"
#include "payload/node/installer.h"
#include "payload/node/test_mount.h"
#include "payload/node/test_payload.h"

namespace gantry::node {
namespace {

namespace fs = std::filesystem;

// More than any scenario has.
constexpr int kMaxOperations = 1000;

enum class Ending { kError, kErrorsFromThere, kKill };

struct Scenario {
  const char* name;
  // CUDA version and content of what is installed before; empty: nothing.
  std::string old_version, old_content;
  // Whether the file system has RENAME_EXCHANGE.
  bool can_exchange;
};

class CrashTest : public testing::TestWithParam<std::tuple<Scenario, Ending>> {
 protected:
  const Scenario& scenario() { return std::get<0>(GetParam()); }

  InstallOptions Options(const TestPayload& payload,
                         BeforeOperation before = nullptr) {
    InstallOptions options;
    options.image_root = payload.image_root();
    options.rootfs = rootfs_;
    options.kernel_release = kTestKernel;
    options.before_operation = [this, before](absl::string_view operation,
                                              absl::string_view path) {
      if (operation == "exchange" && !scenario().can_exchange) {
        return absl::UnimplementedError("no exchange");
      }
      return before ? before(operation, path) : absl::OkStatus();
    };
    return options;
  }

  // A host with what the scenario says.
  void MakeHost() {
    fs::remove_all(rootfs_);
    MakeTestRootfs(rootfs_);
    if (old_ == nullptr) return;
    const auto result = Install(Options(*old_));
    ASSERT_TRUE(result.ok()) << result.status();
  }

  // What a program finds: each file of one payload, through `current`.
  std::string Content(const std::string& link) {
    const std::string root = JoinPath(rootfs_, link);
    const std::string modules =
        JoinPath(root, std::string("lib/modules/") + kTestKernel + "/video");
    const auto files =
        link == "opt/cuda/current"
            ? std::vector<std::string>{root + "/bin/nvcc",
                                       root + "/lib64/libcudart.so"}
            : std::vector<std::string>{root + "/lib64/libcuda.so.1",
                                       modules + "/nvidia.ko"};
    std::set<std::string> contents;
    for (const std::string& file : files) {
      const std::string content = ReadFile(file).value_or("x <nothing>");
      contents.insert(content.substr(content.find(' ') + 1));
    }
    return contents.size() == 1 ? *contents.begin() : "<mixed>";
  }

  void ExpectWorking(const std::string& link) {
    const std::string content = Content(link);
    if (old_ == nullptr && !fs::is_symlink(JoinPath(rootfs_, link))) return;
    EXPECT_TRUE(content == "new" || content == scenario().old_content)
        << link << " leads to " << content;
  }

  void ExpectNoLeftovers() {
    for (const auto& entry : fs::recursive_directory_iterator(rootfs_)) {
      const std::string name = entry.path().filename();
      EXPECT_TRUE(name[0] != '.' || name == ".gantry.lock" ||
                  name == ".gantry-receipt")
          << entry.path();
    }
  }

  void ExpectNextRunFinishes() {
    const auto next = Install(Options(*new_));
    ASSERT_TRUE(next.ok()) << next.status();
    EXPECT_EQ(Content("opt/cuda/current"), "new");
    EXPECT_EQ(Content("opt/nvidia/current"), "new");
    EXPECT_EQ(fs::read_symlink(JoinPath(rootfs_, "opt/cuda/current")), "12.4");
    ExpectNoLeftovers();
    EXPECT_FALSE(Install(Options(*new_))->changed);
  }

  // Runs an installation that ends at the n-th operation, counted from 1.
  // False: it has fewer.
  bool RunUntil(int n) {
    int count = 0;
    const Ending ending = std::get<1>(GetParam());
    const auto stop = [&](absl::string_view, absl::string_view) {
      ++count;
      if (count == n && ending == Ending::kKill) raise(SIGKILL);
      const bool fails =
          count == n || (count > n && ending == Ending::kErrorsFromThere);
      return fails ? absl::InternalError("injected") : absl::OkStatus();
    };
    if (ending != Ending::kKill) {
      const auto result = Install(Options(*new_, stop));
      EXPECT_EQ(result.ok(), count < n) << result.status();
      return !result.ok();
    }
    const pid_t child = fork();
    if (child == 0) _exit(Install(Options(*new_, stop)).ok() ? 0 : 1);
    int state = 0;
    EXPECT_EQ(waitpid(child, &state, 0), child);
    if (WIFEXITED(state)) {
      EXPECT_EQ(WEXITSTATUS(state), 0);
    }
    return WIFSIGNALED(state);
  }

  // Mounts a directory below each directory of ours, whole or left over, and
  // runs an installation.  It finishes, or refuses to remove one of them.
  void ExpectMountsAreLeftAlone() {
    const std::string victim = JoinPath(temp_->path(), "victim");
    fs::create_directories(victim);
    ASSERT_THAT(WriteFileAtomically(victim + "/kept", ""), IsOk());
    std::vector<std::unique_ptr<BindMount>> mounts;
    for (const std::string base : {"opt/cuda/", "opt/nvidia/"}) {
      for (const std::string name : {".gantry-staging", ".gantry-staging-2",
                                     "12.4", "535.261.03/flatcar-4230.2.0"}) {
        const std::string directory = JoinPath(rootfs_, base + name);
        if (!fs::is_directory(directory)) continue;
        fs::create_directory(directory + "/mounted");
        mounts.push_back(
            std::make_unique<BindMount>(victim, directory + "/mounted"));
      }
    }
    const absl::Status status = Install(Options(*new_)).status();
    if (!status.ok()) {
      EXPECT_EQ(ExitCodeOf(status), ExitCode::kMounted) << status;
    }
    EXPECT_TRUE(fs::exists(victim + "/kept"));
  }

  void SetUp() override {
    temp_ = std::make_unique<TempDir>(*TempDir::Create(FastTempParent()));
    rootfs_ = JoinPath(temp_->path(), "rootfs");
    new_ = std::make_unique<TestPayload>(
        TestPayload::Small(JoinPath(temp_->path(), "new"), "12.4", "new"));
    if (scenario().old_version.empty()) return;
    old_ = std::make_unique<TestPayload>(
        TestPayload::Small(JoinPath(temp_->path(), "old"),
                           scenario().old_version, scenario().old_content));
  }

  std::unique_ptr<TempDir> temp_;
  std::string rootfs_;
  std::unique_ptr<TestPayload> old_, new_;
};

TEST_P(CrashTest, OldWorksAndNextRunFinishesAfterEachOperation) {
  int operations = 0;
  for (int n = 1;; ++n) {
    ASSERT_LT(n, kMaxOperations);
    SCOPED_TRACE(n);
    ASSERT_NO_FATAL_FAILURE(MakeHost());
    const bool was_stopped = RunUntil(n);
    ExpectWorking("opt/cuda/current");
    ExpectWorking("opt/nvidia/current");
    ASSERT_NO_FATAL_FAILURE(ExpectNextRunFinishes());
    if (!was_stopped || HasFailure()) break;
    operations = n;
  }
  EXPECT_GT(operations, 40);
}

TEST_P(CrashTest, MountsBelowWhatWasLeftAreLeftAloneAfterEachOperation) {
  for (int n = 1;; ++n) {
    ASSERT_LT(n, kMaxOperations);
    SCOPED_TRACE(n);
    ASSERT_NO_FATAL_FAILURE(MakeHost());
    const bool was_stopped = RunUntil(n);
    ASSERT_NO_FATAL_FAILURE(ExpectMountsAreLeftAlone());
    ExpectWorking("opt/cuda/current");
    ExpectWorking("opt/nvidia/current");
    ASSERT_NO_FATAL_FAILURE(ExpectNextRunFinishes());
    if (!was_stopped || HasFailure()) break;
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
