#include "builder/modules/compile_modules.h"

#include <cstdint>
#include <filesystem>
#include <future>
#include <map>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "base/file.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "base/subprocess.h"
#include "base/textproto.h"
#include "builder/archive/archive_reader.h"
#include "builder/modules/build_outputs.h"
#include "builder/modules/first_error.h"
#include "builder/modules/kernel_patch.h"
#include "builder/modules/kernel_tree.h"
#include "builder/modules/module_source.h"
#include "builder/modules/unpack_root.h"
#include "builder/sandbox/sandbox.h"
#include "builder/sandbox/scratch_dir.h"
#include "proto/developer_container.pb.h"

namespace gantry::modules {
namespace {

namespace fs = std::filesystem;
using builder::v1::CompileRequest;
using builder::v1::DeveloperContainer;

// Room for NVIDIA's sources and objects, and for the compilers.
constexpr int64_t kBuildMemory = int64_t{1} << 30;

std::map<std::string, std::string> Environment(const KernelTree& tree) {
  std::map<std::string, std::string> environment = {
      {"LC_ALL", "C"},
      {"TZ", "UTC"},
      {"SOURCE_DATE_EPOCH", "0"},
      // Kbuild writes these into generated files.
      {"KBUILD_BUILD_TIMESTAMP", "Thu Jan  1 00:00:00 UTC 1970"},
      {"KBUILD_BUILD_USER", "gantry"},
      {"KBUILD_BUILD_HOST", "gantry"},
      {"KBUILD_BUILD_VERSION", "1"},
      // The container's compiler and the kernel's may differ in the patch
      // level.
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
    make.push_back(absl::StrCat("SYSSRC=", tree.paths.source));
    make.push_back(absl::StrCat("SYSOUT=", tree.paths.build));
  } else {
    make.insert(make.end(), {"-C", tree.paths.build, "M=/build"});
  }
  // Debug information would be stripped anyway; not generating it saves a fifth
  // of the CPU time.  Only the modules' build ids differ.
  make.push_back("KCFLAGS=-g0");
  // BTF needs debug information, and pahole, which not every container has.
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
        patches_directory_(JoinPath(directory, "patches")),
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
    // NVIDIA ships 190 MB of precompiled objects.  Nine tenths of that is debug
    // information, which each linking step would copy.
    GANTRY_RETURN_IF_ERROR(Strip(sandbox, ".o_binary"));
    GANTRY_RETURN_IF_ERROR(Build(sandbox));
    GANTRY_RETURN_IF_ERROR(Strip(sandbox, ".ko"));
    return WriteOutputs();
  }

 private:
  void LogLine(absl::string_view line) { absl::StrAppend(&log_, line, "\n"); }

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
    absl::StatusOr<KernelTree> tree = ReadKernelTree(root_, facts.build_path());
    if (!tree.ok()) return Annotate(tree.status(), "developer container");
    tree_ = *std::move(tree);
    LogLine(absl::StrCat("kernel ", facts.kernel_release(), ", build tree ",
                         tree_.paths.build, ", source tree ",
                         tree_.paths.source));
    return absl::OkStatus();
  }

  absl::Status ApplyPatches() {
    GANTRY_ASSIGN_OR_RETURN(
        const std::unique_ptr<archive::ArchiveReader> reader,
        archive::ArchiveReader::Open(request_.patches_tar()));
    GANTRY_RETURN_IF_ERROR(
        archive::ExtractArchive(*reader, patches_directory_,
                                [](auto path) { return std::string(path); }));
    for (const std::string& patch : FindFiles(patches_directory_, ".patch")) {
      LogLine(absl::StrCat("patch ", patch));
      GANTRY_RETURN_IF_ERROR(
          ApplyPatch(JoinPath(patches_directory_, patch), source_.directory));
    }
    return absl::OkStatus();
  }

  absl::Status Strip(const sandbox::Sandbox& sandbox,
                     absl::string_view suffix) {
    const std::vector<std::string> files = FindFiles(source_.directory, suffix);
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
    LogLine(absl::StrJoin(argv, " "));
    std::string output;
    GANTRY_ASSIGN_OR_RETURN(const SubprocessResult result,
                            sandbox.Run(argv, [&](absl::string_view piece) {
                              output.append(piece.data(), piece.size());
                            }));
    log_ += output;
    if (result.exit_code == 0) return absl::OkStatus();
    const std::string first_error = FindFirstError(output);
    return absl::AbortedError(
        first_error.empty()
            ? absl::StrCat(argv.front(), " exited with code ", result.exit_code)
            : first_error);
  }

  absl::Status WriteOutputs() {
    const std::vector<std::string> selected(request_.modules().begin(),
                                            request_.modules().end());
    GANTRY_ASSIGN_OR_RETURN(const BuildOutputs outputs,
                            ReadBuildOutputs(source_.directory, selected));
    GANTRY_RETURN_IF_ERROR(WriteFileAtomically(request_.log(), log_));
    GANTRY_RETURN_IF_ERROR(
        WriteFileAtomically(request_.module_symvers(), outputs.module_symvers));
    return WriteFileAtomically(request_.modules_tar(), outputs.modules_tar);
  }

  const CompileRequest& request_;
  const std::string root_;
  const std::string source_directory_;
  const std::string patches_directory_;
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
