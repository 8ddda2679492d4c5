#include "tests/layering/room_graph.h"

#include "absl/status/status.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry::layering {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

const AllowedRooms& Rooms() {
  static const auto* const kRooms = new AllowedRooms{
      {"base", {}},
      {"store", {"base"}},
      {"store/disk", {"base", "store"}},
  };
  return *kRooms;
}

TEST(ParseDependenciesTest, KeepsEdgesWithinThisRepository) {
  EXPECT_THAT(ParseDependencies("digraph mygraph {\n"
                                "  node [shape=box];\n"
                                "  \"//a:x\"\n"
                                "  \"//a:x\" -> \"//b/c:y\"\n"
                                "  \"//a:x\" -> \"@z//:z\"\n"
                                "}\n"),
              ElementsAre(Pair("//a:x", "//b/c:y")));
}

TEST(CheckDependenciesTest, AcceptsWhatIsListed) {
  EXPECT_THAT(CheckDependencies({{"//store:x", "//base:y"},
                                 {"//store:x", "//store:z"},
                                 {"//store/disk/deep:x", "//store:z"}},
                                Rooms()),
              IsOk());
}

TEST(CheckDependenciesTest, RefusesAnArrowBackUp) {
  EXPECT_THAT(CheckDependencies({{"//base:x", "//store:y"}}, Rooms()),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       "//base:x -> //store:y: base may not depend on store"));
}

TEST(CheckDependenciesTest, TheLongestRoomCounts) {
  EXPECT_THAT(
      CheckDependencies({{"//store:x", "//store/disk/deep:y"}}, Rooms()),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               HasSubstr("store may not depend on store/disk")));
}

TEST(CheckDependenciesTest, RefusesTargetsOutsideOfEveryRoom) {
  EXPECT_THAT(CheckDependencies({{"//cellar:x", "//base:y"}}, Rooms()),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       "//cellar:x: in no room"));
}

TEST(CheckRoomsTest, AcceptsRoomsInLayers) {
  EXPECT_THAT(CheckRooms(Rooms()), IsOk());
}

TEST(CheckRoomsTest, RefusesCycles) {
  EXPECT_THAT(CheckRooms({{"a", {"b"}}, {"b", {"c"}}, {"c", {"a"}}}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       "cycle: a -> b -> c -> a"));
}

TEST(CheckRoomsTest, RefusesUnknownRooms) {
  EXPECT_THAT(CheckRooms({{"a", {"b"}}}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       "a lists unknown room b"));
}

}  // namespace
}  // namespace gantry::layering
