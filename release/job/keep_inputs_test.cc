#include "release/job/keep_inputs.h"

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/lock.pb.h"
#include "release/publish/input_store.h"

namespace gantry::job {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// A lock with two files of a toolkit, and a store in a directory.
class InputKeeperTest : public testing::Test {
 protected:
  InputKeeperTest()
      : directory_(*TempDir::Create(testing::TempDir())),
        location_(JoinPath(directory_.path(), "store")),
        store_(location_) {
    auto& toolkit = *lock_.add_cuda_toolkits();
    for (const std::string name : {"one", "two"}) {
      auto& file = *toolkit.add_components();
      file.set_url(absl::StrCat("http://x/", name, ".deb"));
      file.set_digest(Sha256Digest(name));
    }
  }

  // Writes a file in a directory of its own, and returns its path.
  std::string Write(const std::string& directory, const std::string& name,
                    const std::string& content) {
    const std::string parent = JoinPath(directory_.path(), directory);
    fs::create_directories(parent);
    const std::string path = JoinPath(parent, name);
    EXPECT_THAT(WriteFileAtomically(path, content), IsOk());
    return path;
  }

  const TempDir directory_;
  const std::string location_;
  const publish::InputStore store_;
  matrix::v1::Lock lock_;
};

TEST_F(InputKeeperTest, FilesOfTheLockAreKept) {
  InputKeeper keeper(location_);
  EXPECT_THAT(keeper.Keep(lock_, {Write("a", "one.deb", "one"),
                                  Write("a", "two.deb", "two"),
                                  Write("a", "three.deb", "three")}),
              IsEmpty());
  EXPECT_THAT(store_.FindMissing({Sha256Digest("one"), Sha256Digest("two"),
                                  Sha256Digest("three")}),
              IsOkAndHolds(ElementsAre(Sha256Digest("three"))));
}

TEST_F(InputKeeperTest, DigestSelectsAmongFilesOfOneName) {
  InputKeeper keeper(location_);
  EXPECT_THAT(keeper.Keep(lock_, {Write("a", "one.deb", "another"),
                                  Write("b", "one.deb", "one"),
                                  Write("c", "one.deb", "yet another"),
                                  Write("a", "two.deb", "two")}),
              IsEmpty());
  EXPECT_THAT(store_.Has(Sha256Digest("one")), IsOkAndHolds(true));
}

TEST_F(InputKeeperTest, MissingAndAlteredFilesAreReportedOnce) {
  InputKeeper keeper(location_);
  const std::string altered = Write("a", "one.deb", "altered");
  std::vector<std::string> problems = keeper.Keep(lock_, {altered});
  // Ordered by digest.
  if (Sha256Digest("two") < Sha256Digest("one")) {
    std::swap(problems[0], problems[1]);
  }
  EXPECT_THAT(
      problems,
      ElementsAre(AllOf(HasSubstr("input one.deb (sha256:"),
                        HasSubstr("is not kept"), HasSubstr(altered)),
                  absl::StrCat("input two.deb (", Sha256Digest("two"),
                               ") is not kept: it was not downloaded")));
  EXPECT_THAT(keeper.Keep(lock_, {altered}), IsEmpty());
}

TEST_F(InputKeeperTest, ManyProblemsAreCounted) {
  for (int number = 1; number <= 10; ++number) {
    auto& file = *lock_.mutable_cuda_toolkits(0)->add_components();
    file.set_url(absl::StrCat("http://x/", number));
    file.set_digest(Sha256Digest(file.url()));
  }
  const std::vector<std::string> problems =
      InputKeeper(location_).Keep(lock_, {});
  ASSERT_THAT(problems, SizeIs(6));
  EXPECT_EQ(problems.back(), "7 more inputs are not kept");
}

TEST_F(InputKeeperTest, FilesThatTheStoreHasAreNotNeeded) {
  ASSERT_THAT(store_.Put(Sha256Digest("one"), Write("a", "one.deb", "one")),
              IsOk());
  InputKeeper keeper(location_);
  EXPECT_THAT(keeper.Keep(lock_, {Write("a", "two.deb", "two")}), IsEmpty());
}

TEST_F(InputKeeperTest, UnavailableStoreIsOneLine) {
  // Nothing listens on port 1.
  InputKeeper keeper("127.0.0.1:1/inputs");
  EXPECT_THAT(keeper.Keep(lock_, {}),
              ElementsAre(AllOf(HasSubstr("inputs are not kept: "),
                                HasSubstr("127.0.0.1:1/inputs"))));
}

TEST_F(InputKeeperTest, NothingIsKeptWithoutALocation) {
  EXPECT_THAT(InputKeeper("").Keep(lock_, {}), IsEmpty());
}

}  // namespace
}  // namespace gantry::job
