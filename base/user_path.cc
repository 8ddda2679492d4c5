#include "base/user_path.h"

#include <cstdlib>

#include "base/file.h"

namespace gantry {
namespace {

std::string RelativeTo(const char* variable, const std::string& path) {
  const char* const directory = std::getenv(variable);
  if (directory == nullptr || (!path.empty() && path[0] == '/')) return path;
  return path.empty() ? directory : JoinPath(directory, path);
}

}  // namespace

std::string UserPath(const std::string& path) {
  return RelativeTo("BUILD_WORKING_DIRECTORY", path);
}

std::string WorkspacePath(const std::string& path) {
  return RelativeTo("BUILD_WORKSPACE_DIRECTORY", path);
}

}  // namespace gantry
