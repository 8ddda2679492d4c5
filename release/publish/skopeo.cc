#include "release/publish/skopeo.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/json.h"
#include "base/json_object.h"
#include "base/status_macros.h"
#include "base/subprocess.h"
#include "google/protobuf/struct.pb.h"

namespace gantry::publish {
namespace {

bool IsLoopback(absl::string_view repository) {
  const absl::string_view host = repository.substr(0, repository.find('/'));
  return absl::StartsWith(host, "127.") || absl::StartsWith(host, "[::1]") ||
         host == "localhost" || absl::StartsWith(host, "localhost:");
}

// "true" unless the repository, which may be empty, is one on this machine.
const char* TlsVerify(absl::string_view repository) {
  return IsLoopback(repository) ? "false" : "true";
}

std::string Reference(const std::string& repository, const std::string& name) {
  return absl::StrCat("docker://", repository, name);
}

// UNAVAILABLE instead of the error of a program that failed.
absl::Status FailedCommand(const absl::Status& status,
                           const std::string& reference) {
  if (!absl::IsInternal(status)) return status;
  return absl::UnavailableError(
      absl::StrCat(reference, ": ", status.message()));
}

}  // namespace

absl::Status SkopeoCopy(const std::string& source,
                        const std::string& destination,
                        const std::string& repository) {
  const char* const tls = TlsVerify(repository);
  return FailedCommand(
      RunCommand({"skopeo", "copy", "--quiet", "--preserve-digests",
                  absl::StrCat("--src-tls-verify=", tls),
                  absl::StrCat("--dest-tls-verify=", tls), source, destination})
          .status(),
      destination);
}

absl::StatusOr<std::string> InspectManifest(const std::string& repository,
                                            const std::string& name) {
  const std::string reference = Reference(repository, name);
  absl::StatusOr<std::string> manifest = RunCommand(
      {"skopeo", "inspect", "--raw",
       absl::StrCat("--tls-verify=", TlsVerify(repository)), reference});
  if (manifest.ok()) return manifest;
  // Error codes of the OCI distribution specification, as skopeo prints them.
  for (absl::string_view code : {"manifest unknown", "name unknown"}) {
    if (absl::StrContains(manifest.status().message(), code)) {
      return absl::NotFoundError(absl::StrCat(reference, ": ", code));
    }
  }
  return FailedCommand(manifest.status(), reference);
}

absl::StatusOr<std::vector<std::string>> ListTags(
    const std::string& repository) {
  const std::string reference = Reference(repository, "");
  const absl::StatusOr<std::string> output = RunCommand(
      {"skopeo", "list-tags",
       absl::StrCat("--tls-verify=", TlsVerify(repository)), reference});
  if (!output.ok()) {
    // How skopeo says that there is no such repository depends on its version.
    for (absl::string_view answer : {"name unknown", "404 (Not Found)"}) {
      if (absl::StrContains(output.status().message(), answer)) {
        return std::vector<std::string>();
      }
    }
    return FailedCommand(output.status(), reference);
  }
  google::protobuf::Struct json;
  GANTRY_RETURN_IF_ERROR(ParseJson(*output, reference, json));
  std::vector<std::string> tags;
  if (const auto* const array = FindArray(json, "Tags")) {
    for (const auto& tag : array->values()) tags.push_back(tag.string_value());
  }
  return tags;
}

absl::Status DeleteManifest(const std::string& repository,
                            const std::string& name) {
  const std::string reference = Reference(repository, name);
  const absl::Status status =
      RunCommand({"skopeo", "delete",
                  absl::StrCat("--tls-verify=", TlsVerify(repository)),
                  reference})
          .status();
  // UNSUPPORTED is the distribution specification's code for it, and 405 the
  // status of HTTP.
  for (absl::string_view sign : {"unsupported", "UNSUPPORTED", "405"}) {
    if (absl::StrContains(status.message(), sign)) {
      return absl::FailedPreconditionError(absl::StrCat(
          repository,
          ": the registry does not permit deleting images; permit it (CNCF "
          "Distribution: storage.delete.enabled), or delete ",
          name, " by the registry's own means: ", status.message()));
    }
  }
  return FailedCommand(status, reference);
}

}  // namespace gantry::publish
