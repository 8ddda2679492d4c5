#include "release/job/worker_name.h"

#include <string>

#include "base/state_dir.h"
#include "base/status_matchers.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry::job {
namespace {

using ::testing::MatchesRegex;

TEST(WorkerNameTest, NewNamesDiffer) {
  const std::string name = NewWorkerName();
  EXPECT_THAT(name, MatchesRegex("[^/]+/[0-9a-f]{16}"));
  EXPECT_NE(NewWorkerName(), name);
}

TEST(WorkerNameTest, StateDirectoryKeepsItsName) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const TempDir directory, TempDir::Create());
  GANTRY_ASSERT_OK_AND_ASSIGN(const StateDir state,
                              StateDir::Open(directory.path()));
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::string name, WorkerName(state));
  EXPECT_THAT(name, MatchesRegex("[^/]+/[0-9a-f]{16}"));
  EXPECT_THAT(WorkerName(state), IsOkAndHolds(name));

  GANTRY_ASSERT_OK_AND_ASSIGN(const TempDir other, TempDir::Create());
  GANTRY_ASSERT_OK_AND_ASSIGN(const StateDir other_state,
                              StateDir::Open(other.path()));
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::string other_name,
                              WorkerName(other_state));
  EXPECT_NE(other_name, name);
}

}  // namespace
}  // namespace gantry::job
