#include <cstdint>
#include <iostream>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/statusor.h"
#include "base/program.h"
#include "base/version.h"
#include "release/cli/query.h"
#include "release/service/connection/credential_flags.h"

ABSL_FLAG(std::string, service, "",
          "HOST:PORT of the release service; empty: an in-process service "
          "with the state directory's database");
ABSL_FLAG(std::string, state, "",
          "state directory; empty: .gantry in the workspace");
ABSL_FLAG(bool, json, false, "print one JSON object");
ABSL_FLAG(std::string, os_release, "",
          "list, failures, demand: prefix of the OS release; resolve: OS "
          "release; "
          "empty: that of "
          "this host, with its kernel and GPU");
ABSL_FLAG(std::string, driver, "",
          "driver version, or its beginning, such as 535");
ABSL_FLAG(std::string, cuda, "",
          "toolkit version, or its beginning, such as 12");
ABSL_FLAG(std::string, channel, "",
          "list, failures, demand: name of the channel; empty: any");
ABSL_FLAG(std::vector<std::string>, cell_state, {},
          "list, demand: cells in any of these states, separated by commas: "
          "planned, building, built, failed, excluded, retired, blocked");
ABSL_FLAG(std::string, kernel, "",
          "resolve: kernel release; empty: that of this host, or any with "
          "--os_release");
ABSL_FLAG(std::string, gpu, "",
          "resolve: PCI device ID of the GPU, such as 0x20b0; empty: that of "
          "this host, or any with --os_release");
ABSL_FLAG(int64_t, attempt, 0,
          "log: number of the attempt, as \"attempts\" lists it; 0: the last "
          "one that has a log");
ABSL_FLAG(std::string, rootfs, "/",
          "resolve: where this host's root file system is mounted");

constexpr char kUsage[] =
    "Queries the release service.\n"
    "  query [flags] list          the cells that match the flags\n"
    "  query [flags] get ID        one cell\n"
    "  query [flags] resolve       the payload for a node, or why it has none\n"
    "  query [flags] revisions ID  the payloads of a cell, newest first\n"
    "  query [flags] attempts ID   the attempts to build a cell, newest first\n"
    "  query [flags] failures      the failed and blocked cells that match the "
    "flags, by cause\n"
    "  query [flags] demand        the cells that nodes asked for in vain, "
    "most wanted first\n"
    "  query [flags] retry ID      lets a failed or blocked cell be built at "
    "once\n"
    "  query [flags] log ID        the log of an attempt that failed\n"
    "Exit codes: 0 found; 3 no such cell or attempt, no payload or no log, "
    "with the reason on standard output; 1 error.";

int main(int argc, char** argv) {
  gantry::cli::QueryOptions options;
  options.command =
      gantry::ParseArguments({"query", kUsage, gantry::kVersion}, argc, argv);
  options.service = absl::GetFlag(FLAGS_service);
  options.credentials = gantry::service::CredentialsFromFlags();
  options.state_dir = absl::GetFlag(FLAGS_state);
  options.json = absl::GetFlag(FLAGS_json);
  options.os_release = absl::GetFlag(FLAGS_os_release);
  options.driver_version = absl::GetFlag(FLAGS_driver);
  options.cuda_version = absl::GetFlag(FLAGS_cuda);
  options.channel = absl::GetFlag(FLAGS_channel);
  options.cell_states = absl::GetFlag(FLAGS_cell_state);
  options.kernel_release = absl::GetFlag(FLAGS_kernel);
  options.gpu_device_id = absl::GetFlag(FLAGS_gpu);
  options.attempt = absl::GetFlag(FLAGS_attempt);
  options.rootfs = absl::GetFlag(FLAGS_rootfs);
  const absl::StatusOr<bool> found = gantry::cli::Query(options, std::cout);
  if (!found.ok()) {
    std::cerr << "query: " << found.status().message() << "\n";
    return 1;
  }
  return *found ? 0 : 3;
}
