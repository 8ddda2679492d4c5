#include "base/unique_fd.h"

#include <fcntl.h>
#include <unistd.h>

#include <utility>

#include "gtest/gtest.h"

namespace gantry {
namespace {

int OpenNull() { return open("/dev/null", O_RDONLY | O_CLOEXEC); }

bool IsOpen(int fd) { return fcntl(fd, F_GETFD) >= 0; }

TEST(UniqueFdTest, OwnsNothingByDefaultAndForANegativeNumber) {
  EXPECT_FALSE(UniqueFd().ok());
  EXPECT_FALSE(UniqueFd(-1).ok());
  EXPECT_EQ(UniqueFd().get(), -1);
}

TEST(UniqueFdTest, ClosesWhenDestroyed) {
  const int number = OpenNull();
  {
    const UniqueFd fd(number);
    EXPECT_TRUE(fd.ok());
    EXPECT_EQ(fd.get(), number);
  }
  EXPECT_FALSE(IsOpen(number));
}

TEST(UniqueFdTest, CloseClosesAtOnce) {
  const int number = OpenNull();
  UniqueFd fd(number);
  fd.Close();
  EXPECT_FALSE(fd.ok());
  EXPECT_FALSE(IsOpen(number));
}

TEST(UniqueFdTest, ReleaseLeavesItOpen) {
  const int number = OpenNull();
  {
    UniqueFd fd(number);
    EXPECT_EQ(fd.Release(), number);
    EXPECT_FALSE(fd.ok());
  }
  EXPECT_TRUE(IsOpen(number));
  close(number);
}

TEST(UniqueFdTest, MovingTransfersOwnershipAndClosesTheTarget) {
  const int first = OpenNull();
  const int second = OpenNull();
  UniqueFd a(first);
  UniqueFd b(second);
  b = std::move(a);
  EXPECT_FALSE(a.ok());
  EXPECT_EQ(b.get(), first);
  EXPECT_TRUE(IsOpen(first));
  EXPECT_FALSE(IsOpen(second));

  const UniqueFd c(std::move(b));
  EXPECT_FALSE(b.ok());
  EXPECT_EQ(c.get(), first);
}

TEST(UniqueFdTest, MovingToItselfKeepsItOpen) {
  UniqueFd fd(OpenNull());
  UniqueFd& same = fd;
  fd = std::move(same);
  EXPECT_TRUE(IsOpen(fd.get()));
}

}  // namespace
}  // namespace gantry
