#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/json.h"
#include "base/program.h"
#include "base/progress.h"
#include "base/state_dir.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "base/textproto.h"
#include "base/user_path.h"
#include "base/version.h"
#include "proto/matrix.pb.h"
#include "proto/publish_report.pb.h"
#include "release/job/prune.h"
#include "release/job/reconcile.h"
#include "release/plan/validate.h"
#include "release/publish/input_store.h"
#include "release/publish/publisher.h"
#include "release/service/connection/connection.h"
#include "release/service/connection/credential_flags.h"

ABSL_FLAG(std::string, service, "",
          "HOST:PORT of the release service; empty: an in-process service on "
          "the state directory's database");
ABSL_FLAG(std::string, registry, "",
          "repository to complete or prune, such as registry.example/gantry; "
          "empty: the OCI layout in the state directory");
ABSL_FLAG(std::vector<std::string>, from, {},
          "where else to look for images that are missing where they were "
          "recorded: repositories, or oci:DIRECTORY, separated by commas");
ABSL_FLAG(std::string, state, "",
          "state directory; empty: .gantry in the workspace");
ABSL_FLAG(bool, prune, false,
          "remove what the matrix's `retention` does not keep, instead of "
          "copying and tagging");
ABSL_FLAG(std::string, matrix, "",
          "with --prune, the matrix file; empty: release/matrix.textproto in "
          "the workspace");
ABSL_FLAG(std::string, inputs, "",
          "with --prune, the input store, a directory or a repository, from "
          "which inputs are removed; empty: none are");
ABSL_FLAG(bool, dry_run, false,
          "with --prune, print what would be removed without removing it");
ABSL_FLAG(bool, json, false, "print one JSON object instead of text");

namespace {

using gantry::release::v1::PruneReport;
using gantry::release::v1::PublishReport;

constexpr char kUsage[] =
    "Makes a registry or an OCI layout equal to the records: images of all "
    "revisions, and tags.  Also fills a second registry.  With --prune, "
    "removes old revisions instead.\n"
    "Exit codes: 0 done; 3 revisions are missing, with the reasons on standard "
    "output; 4 another process is changing the registry; 1 error.";
constexpr int kError = 1;
constexpr int kIncomplete = 3;
constexpr int kLeased = 4;

absl::Status CheckFlags() {
  if (absl::GetFlag(FLAGS_prune)) {
    return absl::GetFlag(FLAGS_from).empty()
               ? absl::OkStatus()
               : absl::InvalidArgumentError("--from: not allowed with --prune");
  }
  if (absl::GetFlag(FLAGS_dry_run)) {
    return absl::InvalidArgumentError("--dry_run: only allowed with --prune");
  }
  if (!absl::GetFlag(FLAGS_matrix).empty()) {
    return absl::InvalidArgumentError("--matrix: only allowed with --prune");
  }
  if (!absl::GetFlag(FLAGS_inputs).empty()) {
    return absl::InvalidArgumentError("--inputs: only allowed with --prune");
  }
  return absl::OkStatus();
}

// A registry's lease is in the database.  Filling a layout only reads it.
absl::StatusOr<gantry::service::Connection> Connect(
    const gantry::StateDir& state) {
  const std::string service = absl::GetFlag(FLAGS_service);
  if (!service.empty()) {
    return gantry::service::Connection::ToService(
        service, gantry::service::CredentialsFromFlags());
  }
  const bool writes = absl::GetFlag(FLAGS_prune)
                          ? !absl::GetFlag(FLAGS_dry_run)
                          : !absl::GetFlag(FLAGS_registry).empty();
  return writes ? gantry::service::Connection::ToDatabase(state.database_path())
                : gantry::service::Connection::ToReadOnlyDatabase(
                      state.database_path());
}

absl::StatusOr<gantry::job::PruneOptions> ReadPruneOptions() {
  const std::string flag = absl::GetFlag(FLAGS_matrix);
  const std::string path =
      flag.empty() ? gantry::WorkspacePath("release/matrix.textproto")
                   : gantry::UserPath(flag);
  gantry::matrix::v1::Matrix matrix;
  GANTRY_RETURN_IF_ERROR(gantry::ReadTextProto(path, matrix));
  GANTRY_RETURN_IF_ERROR(
      gantry::Annotate(gantry::plan::ValidateMatrix(matrix), path));
  gantry::job::PruneOptions options;
  options.policy = matrix.retention();
  options.inputs = gantry::publish::InputLocation(absl::GetFlag(FLAGS_inputs));
  options.dry_run = absl::GetFlag(FLAGS_dry_run);
  options.now = absl::Now();
  return options;
}

std::string FormatText(const PublishReport& report) {
  std::string text = absl::StrCat(
      report.copied_images(), " images copied, ", report.moved_tags(),
      " tags moved, ", report.missing_size(), " revisions missing\n");
  for (const std::string& missing : report.missing()) {
    absl::StrAppend(&text, missing, "\n");
  }
  return text;
}

std::string FormatText(const PruneReport& report) {
  std::string text;
  for (const auto& revision : report.revisions()) {
    absl::StrAppend(&text, "revision ", revision.number(), " of ",
                    revision.cell_id(), ": ", revision.reason(), "\n");
  }
  for (const auto& image : report.images()) {
    absl::StrAppend(&text, "image ", image.digest(), " of revision ",
                    image.number(), " of ", image.cell_id(), "\n");
  }
  if (absl::GetFlag(FLAGS_dry_run)) {
    absl::StrAppend(&text, "would prune ", report.revisions_size(),
                    " revisions and remove ", report.images_size(),
                    " images and ", report.removed_inputs_size(), " inputs\n");
  } else {
    absl::StrAppend(&text, report.revisions_size(), " revisions pruned, ",
                    report.images_size(), " images removed, ",
                    report.freed_bytes(), " bytes freed, ",
                    report.deleted_logs(), " logs deleted, ",
                    report.removed_inputs_size(), " inputs removed\n");
  }
  return text;
}

// Prints a report as --json says.
template <typename Report>
absl::Status Print(const Report& report) {
  std::string text = FormatText(report);
  if (absl::GetFlag(FLAGS_json)) {
    GANTRY_ASSIGN_OR_RETURN(text, gantry::FormatJson(report));
  }
  std::cout << text;
  return absl::OkStatus();
}

// Prints the report.  Returns the exit code.
absl::StatusOr<int> Run(gantry::Progress& progress) {
  GANTRY_RETURN_IF_ERROR(CheckFlags());
  GANTRY_ASSIGN_OR_RETURN(const gantry::StateDir state,
                          gantry::StateDir::Open(absl::GetFlag(FLAGS_state)));
  gantry::publish::Destination destination;
  destination.registry_repository = absl::GetFlag(FLAGS_registry);
  if (destination.registry_repository.empty()) {
    destination.layout_directory = state.oci_path();
  }
  if (absl::GetFlag(FLAGS_prune)) {
    GANTRY_ASSIGN_OR_RETURN(const gantry::job::PruneOptions options,
                            ReadPruneOptions());
    GANTRY_ASSIGN_OR_RETURN(const auto connection, Connect(state));
    GANTRY_ASSIGN_OR_RETURN(const PruneReport report,
                            gantry::job::Prune(connection.client(), destination,
                                               options, progress));
    GANTRY_RETURN_IF_ERROR(Print(report));
    return 0;
  }
  GANTRY_ASSIGN_OR_RETURN(const auto connection, Connect(state));
  GANTRY_ASSIGN_OR_RETURN(
      const PublishReport report,
      gantry::job::Reconcile(connection.client(), destination,
                             absl::GetFlag(FLAGS_from), progress));
  GANTRY_RETURN_IF_ERROR(Print(report));
  return report.missing().empty() ? 0 : kIncomplete;
}

}  // namespace

int main(int argc, char** argv) {
  gantry::ParseFlags({"publish", kUsage, gantry::kVersion}, argc, argv);
  absl::StatusOr<int> exit_code;
  {
    gantry::Progress progress(stderr);
    exit_code = Run(progress);
  }
  if (exit_code.ok()) return *exit_code;
  std::cerr << "publish: " << exit_code.status().message() << "\n";
  return absl::IsAborted(exit_code.status()) ? kLeased : kError;
}
