#include "base/loopback.h"

#include "gtest/gtest.h"

namespace gantry {
namespace {

TEST(LoopbackTest, AddressesOfThisMachineAlone) {
  for (const char* address :
       {"127.0.0.1:80", "127.9.8.7:0", "localhost:80", "[::1]:80"}) {
    EXPECT_TRUE(IsLoopback(address)) << address;
  }
  for (const char* address :
       {"0.0.0.0:80", "[::]:80", "10.0.0.1:80", "127.0.0.1.example:80",
        "localhost.example:80", "128.0.0.1:80", ":80", ""}) {
    EXPECT_FALSE(IsLoopback(address)) << address;
  }
}

}  // namespace
}  // namespace gantry
