#include "builder/modules/build_outputs.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <map>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/fd_io.h"
#include "base/file.h"
#include "base/input_file.h"
#include "base/modinfo.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "builder/modules/load_order.h"
#include "builder/modules/modules_tar.h"

namespace gantry::modules {
namespace {

namespace fs = std::filesystem;

constexpr absl::string_view kModuleSuffix = ".ko";

// `name` is relative to `directory`, and used in errors.
absl::StatusOr<std::string> ReadRegularFile(const std::string& directory,
                                            const std::string& name) {
  UniqueFd fd(open(JoinPath(directory, name).c_str(),
                   O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  // What O_NOFOLLOW reports for a symbolic link.
  if (!fd.ok() && errno == ELOOP) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ": is a symbolic link"));
  }
  if (!fd.ok()) return ErrnoStatus(errno, name);
  GANTRY_ASSIGN_OR_RETURN(const InputFile file,
                          InputFile::FromDescriptor(std::move(fd), name));
  return ReadAll(file.fd(), name);
}

}  // namespace

std::vector<std::string> FindFiles(const std::string& directory,
                                   absl::string_view suffix) {
  std::vector<std::string> files;
  std::error_code ignored;
  for (const auto& entry :
       fs::recursive_directory_iterator(directory, ignored)) {
    const std::string name = entry.path().filename().string();
    if (entry.is_regular_file() && !entry.is_symlink() &&
        absl::EndsWith(name, suffix)) {
      files.push_back(entry.path().lexically_relative(directory).string());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

absl::StatusOr<BuildOutputs> ReadBuildOutputs(
    const std::string& directory, const std::vector<std::string>& selected) {
  std::map<std::string, std::string> contents;
  std::vector<BuiltModule> modules;
  for (const std::string& file : FindFiles(directory, kModuleSuffix)) {
    const std::string name = fs::path(file).stem().string();
    GANTRY_ASSIGN_OR_RETURN(std::string content,
                            ReadRegularFile(directory, file));
    const absl::StatusOr<Modinfo> modinfo = ReadModinfo(content);
    if (!modinfo.ok()) return Annotate(modinfo.status(), file);
    modules.push_back({name, modinfo->Depends()});
    if (!contents.emplace(name, std::move(content)).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("two modules have the name ", name));
    }
  }
  if (modules.empty()) {
    return absl::NotFoundError("the kernel build made no module");
  }
  GANTRY_ASSIGN_OR_RETURN(const std::vector<std::string> order,
                          LoadOrder(modules, selected));
  std::map<std::string, std::string> files = {
      {"modules.order", absl::StrCat(absl::StrJoin(order, "\n"), "\n")}};
  for (const std::string& name : order) {
    files[absl::StrCat(name, kModuleSuffix)] = std::move(contents[name]);
  }
  BuildOutputs outputs;
  GANTRY_ASSIGN_OR_RETURN(outputs.modules_tar, MakeTar(files));
  GANTRY_ASSIGN_OR_RETURN(outputs.module_symvers,
                          ReadRegularFile(directory, "Module.symvers"));
  return outputs;
}

}  // namespace gantry::modules
