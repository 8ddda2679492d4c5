#ifndef GANTRY_BUILDER_ARCHIVE_TEST_PACKAGE_H_
#define GANTRY_BUILDER_ARCHIVE_TEST_PACKAGE_H_

#include <string>

#include "absl/status/status.h"

namespace gantry::archive {

// Writes a Debian package (deb(5)) to `path`.  `data` is the path of its data
// member, a file named data.tar or data.tar.<suffix>.  For tests.
absl::Status WriteTestPackage(const std::string& path, const std::string& data);

}  // namespace gantry::archive

#endif  // GANTRY_BUILDER_ARCHIVE_TEST_PACKAGE_H_
