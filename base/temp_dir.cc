#include "base/temp_dir.h"

#include <stdlib.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "base/file.h"
#include "base/status.h"

namespace gantry {
namespace {

namespace fs = std::filesystem;

// Entries of a directory without write permission cannot be removed.
void MakeWritable(const fs::path& root) {
  std::error_code ignored;
  fs::recursive_directory_iterator it(
      root, fs::directory_options::skip_permission_denied, ignored);
  for (; it != fs::recursive_directory_iterator(); it.increment(ignored)) {
    if (it->is_directory(ignored) && !it->is_symlink(ignored)) {
      fs::permissions(it->path(), fs::perms::owner_all, fs::perm_options::add,
                      ignored);
    }
  }
}

}  // namespace

std::string TempDir::DefaultParent() {
  const char* tmpdir = getenv("TMPDIR");
  return tmpdir != nullptr && *tmpdir != '\0' ? tmpdir : "/tmp";
}

absl::StatusOr<TempDir> TempDir::Create(const std::string& parent) {
  std::string path =
      JoinPath(parent.empty() ? DefaultParent() : parent, "gantry.XXXXXX");
  if (mkdtemp(&path[0]) == nullptr) return ErrnoStatus(errno, path);
  return TempDir(std::move(path));
}

TempDir& TempDir::operator=(TempDir&& other) {
  if (this != &other) {
    Remove();
    path_ = std::exchange(other.path_, "");
  }
  return *this;
}

TempDir::~TempDir() { Remove(); }

void TempDir::Remove() {
  if (path_.empty()) return;
  std::error_code error;
  fs::remove_all(path_, error);
  if (!error) return;
  MakeWritable(path_);
  fs::remove_all(path_, error);
}

}  // namespace gantry
