#include "payload/proof/prove_output.h"

#include "gtest/gtest.h"

namespace gantry::proof {
namespace {

TEST(ConsoleTailTest, ReturnsTheLastLinesThatAreNotBlank) {
  EXPECT_EQ(ConsoleTail("one\r\ntwo\r\n \r\n\r\nthr\x1b"
                        "ee\r\n",
                        2),
            "two\nthree\n");
  EXPECT_EQ(ConsoleTail("one", 2), "one\n");
  EXPECT_EQ(ConsoleTail("", 2), "");
}

}  // namespace
}  // namespace gantry::proof
