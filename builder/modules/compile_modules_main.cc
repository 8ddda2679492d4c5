// Compiles kernel modules in a developer container.

#include <sched.h>

#include <algorithm>
#include <iostream>
#include <string>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "base/program.h"
#include "base/textproto.h"
#include "base/version.h"
#include "builder/modules/compile_modules.h"
#include "builder/modules/compile_request.pb.h"

ABSL_FLAG(std::string, request, "",
          "file with a gantry.builder.v1.CompileRequest in the text format");
ABSL_FLAG(int, jobs, 0, "parallel jobs of make; 0: one per CPU");

namespace {

int CpuCount() {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  if (sched_getaffinity(0, sizeof(cpus), &cpus) != 0) return 1;
  return std::max(1, CPU_COUNT(&cpus));
}

}  // namespace

int main(int argc, char** argv) {
  gantry::ParseFlags(
      {"compile_modules",
       "compile_modules --request=FILE\n"
       "Exit code: 0 success; 1 failure: standard error begins with\n"
       "\"compile_modules: first error: <file>:<line>: <message>\", followed\n"
       "by the whole log; 2 malformed request.",
       gantry::kVersion, /*usage_exit_code=*/2},
      argc, argv);

  gantry::builder::v1::CompileRequest request;
  const absl::Status parsed =
      gantry::ReadTextProto(absl::GetFlag(FLAGS_request), request);
  if (!parsed.ok()) {
    std::cerr << "compile_modules: " << parsed.message() << "\n";
    return 2;
  }
  const int jobs = absl::GetFlag(FLAGS_jobs);
  std::string log;
  const absl::Status status = gantry::modules::CompileModules(
      request, jobs > 0 ? jobs : CpuCount(), log);
  if (!status.ok()) {
    std::cerr << "compile_modules: first error: " << status.message() << "\n"
              << log;
    return 1;
  }
  return 0;
}
