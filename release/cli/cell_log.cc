#include "release/cli/cell_log.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "proto/attempt.pb.h"
#include "proto/cell.pb.h"
#include "proto/release_service.pb.h"

namespace gantry::cli {
namespace {

absl::StatusOr<std::string> ReadLogFile(absl::string_view id,
                                        const std::string& uri) {
  if (uri.empty()) {
    return absl::NotFoundError(absl::StrCat(id, " has no log"));
  }
  absl::string_view path = uri;
  // Workers do not encode paths.  A URI with a host has no "/" there.
  if (absl::ConsumePrefix(&path, "file://") && absl::StartsWith(path, "/")) {
    std::error_code error;
    // Others, such as a FIFO, may never end.
    if (std::filesystem::is_regular_file(std::string(path), error)) {
      absl::StatusOr<std::string> content = ReadFile(std::string(path));
      if (content.ok()) return content;
    }
  }
  return absl::NotFoundError(absl::StrCat(
      "the log of ", id, " is not a readable file on this machine: ", uri));
}

// Where the worker of the attempt wrote the log.
absl::StatusOr<std::string> FindUri(service::ReleaseClient& client,
                                    absl::string_view id,
                                    int64_t fencing_token) {
  if (fencing_token == 0) {
    GANTRY_ASSIGN_OR_RETURN(const release::v1::Cell cell, client.GetCell(id));
    return cell.log_uri();
  }
  GANTRY_ASSIGN_OR_RETURN(const auto response, client.ListAttempts(id));
  for (const release::v1::Attempt& attempt : response.attempts()) {
    if (attempt.fencing_token() == fencing_token) return attempt.log_uri();
  }
  return absl::NotFoundError(
      absl::StrCat(id, " has no attempt ", fencing_token));
}

}  // namespace

absl::StatusOr<CellLog> FindCellLog(service::ReleaseClient& client,
                                    absl::string_view id,
                                    int64_t fencing_token) {
  absl::StatusOr<release::v1::GetLogResponse> stored =
      client.GetLog(id, fencing_token);
  if (stored.ok()) {
    return CellLog{stored->attempt().log_uri(),
                   std::move(*stored->mutable_log())};
  }
  if (!absl::IsNotFound(stored.status())) return stored.status();
  GANTRY_ASSIGN_OR_RETURN(const std::string uri,
                          FindUri(client, id, fencing_token));
  return CellLog{uri, ReadLogFile(id, uri)};
}

}  // namespace gantry::cli
