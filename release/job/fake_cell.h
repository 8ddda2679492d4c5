#ifndef GANTRY_RELEASE_JOB_FAKE_CELL_H_
#define GANTRY_RELEASE_JOB_FAKE_CELL_H_

#include <string>
#include <vector>

#include "proto/image_descriptor.pb.h"
#include "proto/lock.pb.h"
#include "release/job/fake_bazel.h"

namespace gantry::job {

// The label of a cell of tests/fixtures/test_cells.h.
std::string TestLabel(int number);

// Adds the cell to the lock, with what it is made of: all cells have one
// release and one driver, and each has its toolkit.
matrix::v1::LockedCell& AddTestCell(int number, matrix::v1::Lock& lock);

struct FakeCellOptions {
  // Other values give images with other content.
  std::string content;
  // Names of the modules that the image says it has.
  std::vector<std::string> modules = {"nvidia-0"};
  // Path of a downloaded file that the cell is made of; empty: none.
  std::string input;
};

// Makes `bazel` build the cell: an image without layers, and an accepted proof.
// Writes the files to `directory`, which must be that of `bazel`.
payload::v1::ImageDescriptor BuildsTestCell(
    const std::string& directory, int number, FakeBazel& bazel,
    const FakeCellOptions& options = {});

}  // namespace gantry::job

#endif  // GANTRY_RELEASE_JOB_FAKE_CELL_H_
