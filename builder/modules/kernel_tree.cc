#include "builder/modules/kernel_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <cerrno>
#include <filesystem>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/fd_io.h"
#include "base/file.h"
#include "base/open_in_root.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"

namespace gantry::modules {
namespace {

namespace fs = std::filesystem;

// Opens a path of the container, with its symbolic links resolved in `root`.
absl::StatusOr<UniqueFd> OpenInContainer(const std::string& root,
                                         absl::string_view path, int flags) {
  const UniqueFd directory(
      open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.ok()) return ErrnoStatus(errno, root);
  return OpenInRoot({directory.get(), ""}, path, flags);
}

absl::StatusOr<std::string> ReadInContainer(const std::string& root,
                                            absl::string_view path) {
  // O_NONBLOCK: opening a FIFO must not wait for a writer.
  GANTRY_ASSIGN_OR_RETURN(const UniqueFd fd,
                          OpenInContainer(root, path, O_RDONLY | O_NONBLOCK));
  return ReadAll(fd.get(), path);
}

// Device and inode of a directory.
absl::StatusOr<std::pair<dev_t, ino_t>> DirectoryId(const std::string& root,
                                                    absl::string_view path) {
  GANTRY_ASSIGN_OR_RETURN(const UniqueFd fd,
                          OpenInContainer(root, path, O_RDONLY | O_DIRECTORY));
  struct stat info;
  if (fstat(fd.get(), &info) != 0) return ErrnoStatus(errno, path);
  return std::make_pair(info.st_dev, info.st_ino);
}

// The value of a line "NAME=value" or `NAME="value"`; "" if there is none.
absl::string_view ConfigValue(absl::string_view config,
                              absl::string_view name) {
  for (absl::string_view line : absl::StrSplit(config, '\n')) {
    if (!absl::ConsumePrefix(&line, name) || !absl::ConsumePrefix(&line, "=")) {
      continue;
    }
    absl::ConsumePrefix(&line, "\"");
    absl::ConsumeSuffix(&line, "\"");
    return line;
  }
  return "";
}

// The names in the directories of the PATH that Sandbox sets.
std::set<std::string> Programs(const std::string& root) {
  std::set<std::string> programs;
  for (const char* path : {"/usr/local/bin", "/usr/bin", "/bin"}) {
    absl::StatusOr<UniqueFd> fd =
        OpenInContainer(root, path, O_RDONLY | O_DIRECTORY);
    if (!fd.ok()) continue;
    const std::unique_ptr<DIR, int (*)(DIR*)> directory(
        fdopendir(fd->Release()), &closedir);
    if (directory == nullptr) continue;
    while (const dirent* const entry = readdir(directory.get())) {
      programs.insert(entry->d_name);
    }
  }
  return programs;
}

// The CROSS_COMPILE prefix of the container's compiler, which must be the one
// that built the kernel.
absl::StatusOr<std::string> FindCrossCompile(const std::string& root,
                                             absl::string_view compiler) {
  const std::set<std::string> programs = Programs(root);
  const auto has = [&](absl::string_view name) {
    return programs.count(std::string(name)) != 0;
  };
  // Kernels before 4.19 have no CONFIG_CC_VERSION_TEXT; they were built by gcc.
  if (compiler.empty()) compiler = "gcc";
  // Kbuild calls $(CROSS_COMPILE)gcc, not the compiler that .config names.
  absl::string_view prefix = compiler;
  if (absl::ConsumeSuffix(&prefix, "-gcc") && has(compiler)) {
    return absl::StrCat(prefix, "-");
  }
  if (has(compiler)) return "";
  const std::string suffix = absl::StrCat("-", compiler);
  std::set<std::string> prefixes;
  for (const std::string& program : programs) {
    if (absl::EndsWith(program, suffix)) {
      prefixes.insert(program.substr(0, program.size() - compiler.size()));
    }
  }
  if (prefixes.size() == 1) return *prefixes.begin();
  return absl::NotFoundError(absl::StrCat(
      "the kernel was built by ", compiler, ", which the container lacks",
      prefixes.empty() ? "" : "; it has several with a prefix: ",
      absl::StrJoin(prefixes, " ")));
}

}  // namespace

absl::StatusOr<KernelPaths> FindKernelPaths(const std::string& root,
                                            const std::string& build_path) {
  KernelPaths paths;
  paths.build = build_path;
  paths.source = build_path;
  GANTRY_ASSIGN_OR_RETURN(const auto build, DirectoryId(root, build_path));
  const std::string sibling =
      (fs::path(build_path).parent_path() / "source").string();
  const auto source = DirectoryId(root, sibling);
  if (source.ok() && *source != build) paths.source = sibling;
  return paths;
}

absl::StatusOr<KernelTree> ReadKernelTree(const std::string& root,
                                          const std::string& build_path) {
  KernelTree tree;
  GANTRY_ASSIGN_OR_RETURN(tree.paths, FindKernelPaths(root, build_path));
  GANTRY_ASSIGN_OR_RETURN(
      const std::string config,
      ReadInContainer(root, JoinPath(build_path, ".config")));
  tree.preempt_rt = ConfigValue(config, "CONFIG_PREEMPT_RT") == "y";
  const std::vector<absl::string_view> compiler = absl::StrSplit(
      ConfigValue(config, "CONFIG_CC_VERSION_TEXT"), absl::MaxSplits(' ', 1));
  GANTRY_ASSIGN_OR_RETURN(tree.cross_compile,
                          FindCrossCompile(root, compiler.front()));
  return tree;
}

absl::StatusOr<std::string> ReadKernelHeader(const std::string& root,
                                             const KernelPaths& paths,
                                             absl::string_view header) {
  absl::StatusOr<std::string> content =
      ReadInContainer(root, JoinPath(paths.source, header));
  if (absl::IsNotFound(content.status())) {
    content = ReadInContainer(root, JoinPath(paths.build, header));
  }
  return content;
}

}  // namespace gantry::modules
