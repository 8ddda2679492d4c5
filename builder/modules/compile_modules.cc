#include "builder/modules/compile_modules.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <future>
#include <map>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/file.h"
#include "base/modinfo.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "base/textproto.h"
#include "builder/modules/first_error.h"
#include "builder/modules/kernel_patch.h"
#include "builder/modules/kernel_tree.h"
#include "builder/modules/load_order.h"
#include "builder/modules/module_source.h"
#include "builder/modules/modules_tar.h"
#include "builder/modules/unpack_root.h"
#include "builder/sandbox/sandbox.h"
#include "builder/sandbox/scratch_dir.h"
#include "proto/developer_container.pb.h"

namespace gantry::modules {
namespace {

namespace fs = std::filesystem;
using builder::v1::CompileRequest;
using builder::v1::DeveloperContainer;
using builder::v1::KernelPatch;

constexpr absl::string_view kModuleSuffix = ".ko";

// NVIDIA's sources and objects, and the compilers' own needs.
constexpr int64_t kBuildMemory = int64_t{1} << 30;

// Files below `directory` whose names end in `suffix`, relative to it, sorted.
std::vector<std::string> FilesWithSuffix(const std::string& directory,
                                         absl::string_view suffix) {
  std::vector<std::string> files;
  std::error_code ignored;
  for (const auto& entry :
       fs::recursive_directory_iterator(directory, ignored)) {
    const std::string name = entry.path().filename().string();
    if (entry.is_regular_file() && !entry.is_symlink() &&
        absl::EndsWith(name, suffix)) {
      files.push_back(fs::relative(entry.path(), directory).string());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::map<std::string, std::string> Environment(const KernelTree& tree) {
  std::map<std::string, std::string> environment = {
      {"LC_ALL", "C"},
      {"TZ", "UTC"},
      {"SOURCE_DATE_EPOCH", "0"},
      // Kbuild writes these into what it generates.
      {"KBUILD_BUILD_TIMESTAMP", "Thu Jan  1 00:00:00 UTC 1970"},
      {"KBUILD_BUILD_USER", "gantry"},
      {"KBUILD_BUILD_HOST", "gantry"},
      {"KBUILD_BUILD_VERSION", "1"},
      // The container's compiler is the kernel's up to its patch level.
      {"IGNORE_CC_MISMATCH", "1"},
  };
  if (tree.preempt_rt) environment["IGNORE_PREEMPT_RT_PRESENCE"] = "1";
  return environment;
}

std::vector<std::string> MakeCommand(const KernelTree& tree,
                                     BuildSystem build_system, int jobs) {
  std::vector<std::string> make = {"make", absl::StrCat("-j", jobs),
                                   "--output-sync=target"};
  if (build_system == BuildSystem::kNvidia) {
    make.push_back(absl::StrCat("SYSSRC=", tree.source_path));
    make.push_back(absl::StrCat("SYSOUT=", tree.build_path));
  } else {
    make.insert(make.end(), {"-C", tree.build_path, "M=/build"});
  }
  // Debug information is stripped in the end, so none is made: a fifth of the
  // CPU time.  The modules are the same but for their build ids.
  make.push_back("KCFLAGS=-g0");
  // BTF is made only if pahole is there, and needs debug information.
  make.push_back("CONFIG_DEBUG_INFO_BTF_MODULES=");
  if (!tree.cross_compile.empty()) {
    make.push_back(absl::StrCat("CROSS_COMPILE=", tree.cross_compile));
  }
  make.push_back("modules");
  return make;
}

// One run of CompileModules().
class Compilation {
 public:
  Compilation(const CompileRequest& request, const std::string& directory,
              int jobs, std::string& log)
      : request_(request),
        root_(JoinPath(directory, "root")),
        source_directory_(JoinPath(directory, "source")),
        jobs_(jobs),
        log_(log) {}

  absl::Status Run() {
    GANTRY_RETURN_IF_ERROR(Unpack());
    GANTRY_RETURN_IF_ERROR(ApplyPatches());
    sandbox::SandboxOptions options;
    options.root = root_;
    options.build_directory = source_.directory;
    options.environment = Environment(tree_);
    GANTRY_ASSIGN_OR_RETURN(const sandbox::Sandbox sandbox,
                            sandbox::Sandbox::Create(std::move(options)));
    // NVIDIA ships 190 MB of precompiled objects, nine tenths of them debug
    // information, which each linking step would copy.
    GANTRY_RETURN_IF_ERROR(Strip(sandbox, ".o_binary"));
    GANTRY_RETURN_IF_ERROR(Build(sandbox));
    GANTRY_RETURN_IF_ERROR(Strip(sandbox, kModuleSuffix));
    return WriteOutputs();
  }

 private:
  void Note(absl::string_view line) { absl::StrAppend(&log_, line, "\n"); }

  absl::Status Unpack() {
    DeveloperContainer facts;
    GANTRY_RETURN_IF_ERROR(ReadTextProto(request_.container_facts(), facts));
    auto source = std::async(std::launch::async, [this] {
      return UnpackModuleSource(request_, source_directory_);
    });
    const absl::Status unpacked = UnpackRoot(request_.root_tar(), root_);
    absl::StatusOr<ModuleSource> found = source.get();
    GANTRY_RETURN_IF_ERROR(Annotate(unpacked, "developer container"));
    if (!found.ok()) return Annotate(found.status(), "sources");
    source_ = *std::move(found);
    GANTRY_ASSIGN_OR_RETURN(tree_, ReadKernelTree(root_, facts.build_path()));
    Note(absl::StrCat("kernel ", facts.kernel_release(), ", build tree ",
                      tree_.build_path, ", source tree ", tree_.source_path));
    return absl::OkStatus();
  }

  absl::Status ApplyPatches() {
    for (const KernelPatch& patch : request_.patches()) {
      const std::string name = fs::path(patch.path()).filename().string();
      GANTRY_ASSIGN_OR_RETURN(const std::string skipped, SkipReason(patch));
      Note(absl::StrCat("patch ", name, ": ",
                        skipped.empty() ? "applied" : skipped));
      if (!skipped.empty()) continue;
      GANTRY_RETURN_IF_ERROR(ApplyPatch(patch.path(), source_.directory));
    }
    return absl::OkStatus();
  }

  // Why the patch is not applied; empty if it is.
  absl::StatusOr<std::string> SkipReason(const KernelPatch& patch) {
    if (patch.when_header().empty()) return "";
    const absl::StatusOr<std::string> header =
        ReadKernelHeader(root_, tree_, patch.when_header());
    // A kernel without the header has nothing in it to adapt to.  If the name
    // of the header is misspelled, the log shows it.
    if (absl::IsNotFound(header.status())) {
      return absl::StrCat("not applied: the kernel has no ",
                          patch.when_header());
    }
    GANTRY_RETURN_IF_ERROR(header.status());
    GANTRY_ASSIGN_OR_RETURN(const bool matches, HeaderMatches(patch, *header));
    return matches ? ""
                   : absl::StrCat("not applied: ", patch.when_header(),
                                  " does not match ", patch.matches());
  }

  absl::Status Strip(const sandbox::Sandbox& sandbox,
                     absl::string_view suffix) {
    const std::vector<std::string> files =
        FilesWithSuffix(source_.directory, suffix);
    if (files.empty()) return absl::OkStatus();
    std::vector<std::string> argv = {absl::StrCat(tree_.cross_compile, "strip"),
                                     "--strip-debug"};
    argv.insert(argv.end(), files.begin(), files.end());
    return RunLogged(sandbox, argv);
  }

  absl::Status Build(const sandbox::Sandbox& sandbox) {
    return RunLogged(sandbox, MakeCommand(tree_, source_.build_system, jobs_));
  }

  absl::Status RunLogged(const sandbox::Sandbox& sandbox,
                         const std::vector<std::string>& argv) {
    Note(absl::StrJoin(argv, " "));
    std::string said;
    GANTRY_ASSIGN_OR_RETURN(const SubprocessResult result,
                            sandbox.Run(argv, [&](absl::string_view piece) {
                              said.append(piece.data(), piece.size());
                            }));
    log_ += said;
    if (result.exit_code == 0) return absl::OkStatus();
    const std::string first_error = FindFirstError(said);
    return absl::AbortedError(
        first_error.empty()
            ? absl::StrCat(argv.front(), " exited with code ", result.exit_code)
            : first_error);
  }

  absl::Status WriteOutputs() {
    std::map<std::string, std::string> contents;
    std::vector<BuiltModule> modules;
    for (const std::string& file :
         FilesWithSuffix(source_.directory, kModuleSuffix)) {
      const std::string name = fs::path(file).stem().string();
      GANTRY_ASSIGN_OR_RETURN(std::string content,
                              ReadFile(JoinPath(source_.directory, file)));
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
    const std::vector<std::string> selected(request_.modules().begin(),
                                            request_.modules().end());
    GANTRY_ASSIGN_OR_RETURN(const std::vector<std::string> order,
                            LoadOrder(modules, selected));
    std::map<std::string, std::string> files = {
        {"modules.order", absl::StrCat(absl::StrJoin(order, "\n"), "\n")}};
    for (const std::string& name : order) {
      files[absl::StrCat(name, kModuleSuffix)] = std::move(contents[name]);
    }
    GANTRY_ASSIGN_OR_RETURN(const std::string tar, MakeTar(files));
    GANTRY_ASSIGN_OR_RETURN(
        const std::string symvers,
        ReadFile(JoinPath(source_.directory, "Module.symvers")));
    GANTRY_RETURN_IF_ERROR(WriteFileAtomically(request_.log(), log_));
    GANTRY_RETURN_IF_ERROR(
        WriteFileAtomically(request_.module_symvers(), symvers));
    return WriteFileAtomically(request_.modules_tar(), tar);
  }

  const CompileRequest& request_;
  const std::string root_;
  const std::string source_directory_;
  const int jobs_;
  std::string& log_;

  // Set by Unpack().
  ModuleSource source_;
  KernelTree tree_;
};

}  // namespace

absl::Status CompileModules(const CompileRequest& request, int jobs,
                            std::string& log) {
  const fs::path parent =
      fs::absolute(fs::path(request.modules_tar())).parent_path();
  std::error_code error;
  const auto root_size =
      static_cast<int64_t>(fs::file_size(request.root_tar(), error));
  if (error) return ErrnoStatus(error.value(), request.root_tar());
  GANTRY_ASSIGN_OR_RETURN(const sandbox::ScratchDir scratch,
                          sandbox::ScratchDir::Create(
                              parent.string(), 2 * root_size + kBuildMemory));
  const absl::Status status =
      Compilation(request, scratch.path(), jobs, log).Run();
  if (!status.ok()) {
    for (const std::string& output :
         {request.modules_tar(), request.module_symvers(), request.log()}) {
      fs::remove(output, error);
    }
  }
  return status;
}

}  // namespace gantry::modules
