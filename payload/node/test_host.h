#ifndef GANTRY_PAYLOAD_NODE_TEST_HOST_H_
#define GANTRY_PAYLOAD_NODE_TEST_HOST_H_

#include <string>
#include <vector>

namespace gantry::node {

inline constexpr char kTestKernel[] = "6.6.95-flatcar";
inline constexpr char kTestOsRelease[] = "flatcar-4230.2.0";

// Creates the root of a host with kTestOsRelease.
void MakeTestHost(const std::string& rootfs);

// The paths of what a finished installation must not leave behind.
std::vector<std::string> FindLeftovers(const std::string& rootfs);

// A parent for temporary directories: in memory if possible, where thousands of
// fsync(2) calls cost nothing.
std::string FastTempParent();

}  // namespace gantry::node

#endif  // GANTRY_PAYLOAD_NODE_TEST_HOST_H_
