#include "builder/modules/kernel_tree.h"

#include <filesystem>
#include <set>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/file.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "builder/modules/path_in_root.h"

namespace gantry::modules {
namespace {

namespace fs = std::filesystem;

absl::StatusOr<std::string> ReadInRoot(const std::string& root,
                                       absl::string_view path) {
  GANTRY_ASSIGN_OR_RETURN(const std::string resolved,
                          ResolveInRoot(root, path));
  return ReadFile(JoinPath(root, resolved));
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

// The names in the folders of the PATH that Sandbox sets.
std::set<std::string> Programs(const std::string& root) {
  std::set<std::string> programs;
  for (const char* folder : {"/usr/local/bin", "/usr/bin", "/bin"}) {
    const auto resolved = ResolveInRoot(root, folder);
    if (!resolved.ok()) continue;
    std::error_code ignored;
    for (const auto& entry :
         fs::directory_iterator(JoinPath(root, *resolved), ignored)) {
      programs.insert(entry.path().filename().string());
    }
  }
  return programs;
}

// The prefix with which the container has the compiler that built the kernel.
absl::StatusOr<std::string> FindCrossCompile(const std::string& root,
                                             absl::string_view compiler) {
  const std::set<std::string> programs = Programs(root);
  const auto has = [&](absl::string_view name) {
    return programs.count(std::string(name)) != 0;
  };
  // Kernels before 4.19 do not say; their makefiles then call gcc.
  if (compiler.empty()) compiler = "gcc";
  // Kbuild calls $(CROSS_COMPILE)gcc, not what .config names.
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
      prefixes.empty() ? "" : "; prefixes: ", absl::StrJoin(prefixes, " ")));
}

}  // namespace

absl::StatusOr<KernelTree> ReadKernelTree(const std::string& root,
                                          const std::string& build_path) {
  KernelTree tree;
  tree.build_path = build_path;
  tree.source_path = build_path;
  GANTRY_ASSIGN_OR_RETURN(const std::string build,
                          ResolveInRoot(root, build_path));
  const std::string beside =
      (fs::path(build_path).parent_path() / "source").string();
  const auto source = ResolveInRoot(root, beside);
  if (source.ok() && *source != build) tree.source_path = beside;

  GANTRY_ASSIGN_OR_RETURN(const std::string config,
                          ReadInRoot(root, JoinPath(build, ".config")));
  tree.preempt_rt = ConfigValue(config, "CONFIG_PREEMPT_RT") == "y";
  const std::vector<absl::string_view> compiler = absl::StrSplit(
      ConfigValue(config, "CONFIG_CC_VERSION_TEXT"), absl::MaxSplits(' ', 1));
  GANTRY_ASSIGN_OR_RETURN(tree.cross_compile,
                          FindCrossCompile(root, compiler.front()));
  return tree;
}

absl::StatusOr<std::string> ReadKernelHeader(const std::string& root,
                                             const KernelTree& tree,
                                             absl::string_view header) {
  absl::StatusOr<std::string> content =
      ReadInRoot(root, JoinPath(tree.source_path, header));
  if (absl::IsNotFound(content.status())) {
    content = ReadInRoot(root, JoinPath(tree.build_path, header));
  }
  return content;
}

}  // namespace gantry::modules
