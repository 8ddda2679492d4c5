#include "payload/node/ownership.h"

#include <sys/stat.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "base/file.h"
#include "base/relative_path.h"
#include "base/status_macros.h"
#include "payload/node/host_paths.h"

namespace gantry::node {
namespace {

absl::string_view FirstLine(absl::string_view text) {
  return text.substr(0, text.find('\n'));
}

bool IsInside(absl::string_view target) {
  return !target.empty() && CleanRelativePath(target).value_or("") == target;
}

}  // namespace

absl::StatusOr<std::string> ForeignDirectoryReason(const Directory& base,
                                                   absl::string_view path) {
  GANTRY_ASSIGN_OR_RETURN(const auto info, base.Stat(path));
  if (!info.has_value()) return std::string();
  if (!S_ISDIR(info->st_mode)) return std::string("is not a directory");
  GANTRY_ASSIGN_OR_RETURN(const auto receipt,
                          base.Stat(JoinPath(path, kReceipt)));
  if (!receipt.has_value() || !S_ISREG(receipt->st_mode)) {
    return absl::StrCat("has no ", kReceipt);
  }
  return std::string();
}

absl::StatusOr<std::string> ForeignCurrentReason(const Directory& base) {
  GANTRY_ASSIGN_OR_RETURN(const auto info, base.Stat(kCurrent));
  if (!info.has_value()) return std::string();
  if (!S_ISLNK(info->st_mode)) return std::string("is not a symbolic link");
  GANTRY_ASSIGN_OR_RETURN(const std::string target, base.ReadLink(kCurrent));
  if (!IsInside(target)) {
    return absl::StrCat("leads to ", target, ", outside its own directory");
  }
  // An error, too, is a reason not to replace the link.
  const absl::StatusOr<std::string> reason =
      ForeignDirectoryReason(base, target);
  if (!reason.ok()) {
    return absl::StrCat("leads to ", target,
                        ", which cannot be read: ", reason.status().message());
  }
  return reason->empty()
             ? *reason
             : absl::StrCat("leads to ", target, ", which ", *reason);
}

absl::StatusOr<std::string> ForeignLdConfReason(
    const Directory& ld_conf_directory) {
  GANTRY_ASSIGN_OR_RETURN(const auto info, ld_conf_directory.Stat(kLdConfName));
  if (!info.has_value()) return std::string();
  if (!S_ISREG(info->st_mode)) return std::string("is not a regular file");
  GANTRY_ASSIGN_OR_RETURN(const std::string content,
                          ld_conf_directory.ReadFile(kLdConfName));
  const absl::string_view header = FirstLine(kLdConfContent);
  if (FirstLine(content) == header) return std::string();
  return absl::StrCat("does not start with \"", header, "\"");
}

}  // namespace gantry::node
