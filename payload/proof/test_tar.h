#ifndef GANTRY_PAYLOAD_PROOF_TEST_TAR_H_
#define GANTRY_PAYLOAD_PROOF_TEST_TAR_H_

#include <string>
#include <utility>
#include <vector>

namespace gantry::proof {

// Writes a tar of regular files, given as paths and contents, to `path`.  A
// failure is a failure of the test.
void WriteTestTar(
    const std::string& path,
    const std::vector<std::pair<std::string, std::string>>& files);

}  // namespace gantry::proof

#endif  // GANTRY_PAYLOAD_PROOF_TEST_TAR_H_
