#include "builder/modules/modules_tar.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "base/digest.h"
#include "base/stage_epochs.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry::modules {
namespace {

// POSIX.1-1988 ustar header: mode at 100, uid at 108, gid at 116, mtime at 136.
TEST(MakeTarTest, HeaderDoesNotDependOnTheMachine) {
  const std::string tar = *MakeTar({{"b.ko", "bb"}, {"a.ko", "a"}});
  EXPECT_EQ(tar.substr(0, 5), std::string("a.ko\0", 5));
  EXPECT_EQ(tar.substr(100, 7), "0000644");
  EXPECT_EQ(tar.substr(108, 7), "0000000");
  EXPECT_EQ(tar.substr(116, 7), "0000000");
  EXPECT_EQ(tar.substr(136, 11), "00000000000");
  EXPECT_EQ(tar.substr(1024, 5), std::string("b.ko\0", 5));
}

TEST(MakeTarTest, SameContentGivesSameBytes) {
  EXPECT_THAT(MakeTar({{"b", "2"}, {"a", "1"}}),
              IsOkAndHolds(*MakeTar({{"a", "1"}, {"b", "2"}})));
}

// If this fails, other bytes come out of the stage: raise its number in
// base/stage_epochs.h, and change this with it.
TEST(MakeTarTest, BytesBelongToTheEpoch) {
  const std::string tar = *MakeTar({{"modules.order", "a\n"}, {"a.ko", "a"}});
  EXPECT_EQ(absl::StrCat(StageEpochOf("compile"), " ", Sha256Digest(tar)),
            "1 "
            "sha256:"
            "757a4ada9fffe7913de64d59127afa5d489261cdc04224dc6eb93f5c4bd7791e");
}

}  // namespace
}  // namespace gantry::modules
