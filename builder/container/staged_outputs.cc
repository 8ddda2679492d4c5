#include "builder/container/staged_outputs.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/fd_io.h"
#include "base/status.h"
#include "base/status_macros.h"

namespace gantry::container {

StagedOutputs::~StagedOutputs() {
  for (const File& file : files_) unlink(file.temporary.c_str());
}

absl::StatusOr<UniqueFd> StagedOutputs::Create(const std::string& path) {
  std::string temporary = absl::StrCat(path, ".XXXXXX");
  UniqueFd fd(mkostemp(&temporary[0], O_CLOEXEC));
  if (!fd.ok()) return ErrnoStatus(errno, path);
  files_.push_back({std::move(temporary), path});
  return fd;
}

absl::Status StagedOutputs::Write(const std::string& path,
                                  absl::string_view content) {
  GANTRY_ASSIGN_OR_RETURN(const UniqueFd fd, Create(path));
  return WriteAll(fd.get(), content, path);
}

absl::Status StagedOutputs::Commit() {
  for (size_t i = 0; i < files_.size(); ++i) {
    const File& file = files_[i];
    if (chmod(file.temporary.c_str(), 0644) == 0 &&
        rename(file.temporary.c_str(), file.path.c_str()) == 0) {
      continue;
    }
    const absl::Status status = ErrnoStatus(errno, file.path);
    for (size_t done = 0; done < i; ++done) unlink(files_[done].path.c_str());
    return status;
  }
  files_.clear();
  return absl::OkStatus();
}

}  // namespace gantry::container
