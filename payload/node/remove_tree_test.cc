#include "payload/node/remove_tree.h"

#include <filesystem>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "payload/node/directory.h"
#include "payload/node/exit_code.h"
#include "payload/node/new_file.h"
#include "payload/node/test_mount.h"

namespace gantry::node {
namespace {

namespace fs = std::filesystem;

class RemoveTreeTest : public testing::Test {
 protected:
  RemoveTreeTest()
      : temp_(*TempDir::Create(testing::TempDir())),
        root_(JoinPath(temp_.path(), "root")),
        outside_(JoinPath(temp_.path(), "outside")) {
    for (const char* path : {"tree/a/b", "tree/z"}) {
      fs::create_directories(JoinPath(root_, path));
    }
    fs::create_directories(outside_);
    Write(Inside("tree/a/b/file"));
    Write(JoinPath(outside_, "kept"));
  }

  std::string Inside(const std::string& path) { return JoinPath(root_, path); }
  void Write(const std::string& path) {
    ASSERT_THAT(WriteFileAtomically(path, ""), IsOk());
  }
  absl::Status Remove(const std::string& name,
                      BeforeOperation before = nullptr) {
    return RemoveTree(*Directory::Open(root_, std::move(before)), name);
  }
  bool OutsideIsIntact() { return fs::exists(JoinPath(outside_, "kept")); }

  const TempDir temp_;
  const std::string root_;
  const std::string outside_;
};

TEST_F(RemoveTreeTest, RemovesADirectoryAndEverythingBelowIt) {
  EXPECT_THAT(Remove("tree"), IsOk());
  EXPECT_TRUE(fs::is_empty(root_));
}

TEST_F(RemoveTreeTest, RemovesFilesAndIgnoresWhatDoesNotExist) {
  Write(Inside("file"));
  EXPECT_THAT(Remove("file"), IsOk());
  EXPECT_FALSE(fs::exists(Inside("file")));
  EXPECT_THAT(Remove("file"), IsOk());
}

TEST_F(RemoveTreeTest, RemovesLinksAndNotTheirTargets) {
  fs::create_directory_symlink(outside_, Inside("tree/a/link"));
  EXPECT_THAT(Remove("tree"), IsOk());
  EXPECT_TRUE(OutsideIsIntact());
}

TEST_F(RemoveTreeTest, RefusesAMountBelowAndRemovesNothing) {
  {
    const BindMount mount(outside_, Inside("tree/z"));
    const absl::Status status = Remove("tree");
    EXPECT_THAT(status,
                StatusIs(absl::StatusCode::kFailedPrecondition,
                         "cannot remove " + Inside("tree") +
                             ": something is mounted on " + Inside("tree/z") +
                             "; unmount it and run this again"));
    EXPECT_EQ(ExitCodeOf(status), ExitCode::kMounted);
    EXPECT_TRUE(fs::exists(Inside("tree/a/b/file")));
    EXPECT_TRUE(OutsideIsIntact());
  }
  EXPECT_THAT(Remove("tree"), IsOk());
}

TEST_F(RemoveTreeTest, RefusesAMountOnTheDirectoryItself) {
  const BindMount mount(outside_, Inside("tree"));
  EXPECT_EQ(ExitCodeOf(Remove("tree")), ExitCode::kMounted);
  EXPECT_TRUE(OutsideIsIntact());
}

// Mounts after the check, and before the directory is reached.
TEST_F(RemoveTreeTest, StopsAtADirectoryThatIsMountedWhileItWorks) {
  absl::optional<BindMount> mount;
  const absl::Status status =
      Remove("tree", [&](absl::string_view, absl::string_view) {
        if (!mount.has_value()) mount.emplace(outside_, Inside("tree/z"));
        return absl::OkStatus();
      });
  EXPECT_EQ(ExitCodeOf(status), ExitCode::kMounted);
  EXPECT_TRUE(OutsideIsIntact());
}

}  // namespace
}  // namespace gantry::node
