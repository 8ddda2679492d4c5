#include "payload/proof/test_tar.h"

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/tar_header.h"
#include "base/tar_writer.h"
#include "gmock/gmock.h"

namespace gantry::proof {

void WriteTestTar(
    const std::string& path,
    const std::vector<std::pair<std::string, std::string>>& files) {
  std::string bytes;
  TarWriter tar([&](absl::string_view data) {
    bytes.append(data.data(), data.size());
    return absl::OkStatus();
  });
  for (const auto& [name, content] : files) {
    TarEntry entry;
    entry.path = name;
    entry.mode = 0644;
    EXPECT_THAT(tar.AddFile(entry, content), IsOk());
  }
  EXPECT_THAT(tar.Finish(), IsOk());
  EXPECT_THAT(WriteFileAtomically(path, bytes), IsOk());
}

}  // namespace gantry::proof
