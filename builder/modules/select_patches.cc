#include "builder/modules/select_patches.h"

#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/file.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "base/temp_dir.h"
#include "base/textproto.h"
#include "builder/modules/kernel_headers.h"
#include "builder/modules/modules_tar.h"
#include "builder/modules/patch_condition.h"
#include "proto/developer_container.pb.h"

namespace gantry::modules {
namespace {

using builder::v1::KernelPatch;
using builder::v1::PatchSelection;

// The contents of the headers that conditions name, without those that the
// kernel does not have.
absl::StatusOr<std::map<std::string, std::string>> ReadHeaders(
    const PatchSelection& request) {
  std::set<std::string> headers;
  for (const KernelPatch& patch : request.patches()) {
    if (!patch.when_header().empty()) headers.insert(patch.when_header());
  }
  std::map<std::string, std::string> contents;
  if (headers.empty()) return contents;
  builder::v1::DeveloperContainer facts;
  GANTRY_RETURN_IF_ERROR(ReadTextProto(request.container_facts(), facts));
  const auto parent = std::filesystem::absolute(request.patches_tar());
  GANTRY_ASSIGN_OR_RETURN(const TempDir scratch,
                          TempDir::Create(parent.parent_path()));
  absl::StatusOr<std::map<std::string, std::string>> read = ReadKernelHeaders(
      request.root_tar(), facts.build_path(), headers, scratch.path());
  if (!read.ok()) return Annotate(read.status(), "developer container");
  return read;
}

// Why the patch does not apply; empty if it does.
absl::StatusOr<std::string> SkipReason(
    const KernelPatch& patch,
    const std::map<std::string, std::string>& headers) {
  if (patch.when_header().empty()) return "";
  // Without the header there is nothing to adapt to.  The log shows a
  // misspelled name.
  const auto header = headers.find(patch.when_header());
  if (header == headers.end()) {
    return absl::StrCat("the kernel has no ", patch.when_header());
  }
  GANTRY_ASSIGN_OR_RETURN(const bool matches,
                          HeaderMatches(patch, header->second));
  return matches ? ""
                 : absl::StrCat(patch.when_header(), " does not match ",
                                patch.matches());
}

}  // namespace

absl::Status SelectPatches(const PatchSelection& request) {
  GANTRY_ASSIGN_OR_RETURN(const auto headers, ReadHeaders(request));
  std::map<std::string, std::string> selected;
  std::string log;
  int position = 0;
  for (const KernelPatch& patch : request.patches()) {
    ++position;
    GANTRY_ASSIGN_OR_RETURN(const std::string skipped,
                            SkipReason(patch, headers));
    if (!skipped.empty()) {
      absl::StrAppend(&log, "patch ", position, ": not applied: ", skipped,
                      "\n");
      continue;
    }
    const std::string name = absl::StrFormat("%04d.patch", selected.size() + 1);
    absl::StrAppend(&log, "patch ", position, ": applied as ", name, "\n");
    GANTRY_ASSIGN_OR_RETURN(selected[name], ReadFile(patch.path()));
  }
  GANTRY_ASSIGN_OR_RETURN(const std::string tar, MakeTar(selected));
  GANTRY_RETURN_IF_ERROR(WriteFileAtomically(request.log(), log));
  return WriteFileAtomically(request.patches_tar(), tar);
}

}  // namespace gantry::modules
