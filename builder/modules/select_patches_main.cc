// Decides which patches apply to the kernel of a developer container.

#include <iostream>
#include <string>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "base/program.h"
#include "base/textproto.h"
#include "base/version.h"
#include "builder/modules/patch_selection.pb.h"
#include "builder/modules/select_patches.h"

ABSL_FLAG(std::string, request, "",
          "file with a gantry.builder.v1.PatchSelection in the text format");

int main(int argc, char** argv) {
  gantry::ParseFlags({"select_patches",
                      "select_patches --request=FILE\n"
                      "Exit code: 0 success; 1 failure; 2 malformed request.",
                      gantry::kVersion, /*usage_exit_code=*/2},
                     argc, argv);

  gantry::builder::v1::PatchSelection request;
  const absl::Status parsed =
      gantry::ReadTextProto(absl::GetFlag(FLAGS_request), request);
  if (!parsed.ok()) {
    std::cerr << "select_patches: " << parsed.message() << "\n";
    return 2;
  }
  const absl::Status status = gantry::modules::SelectPatches(request);
  if (!status.ok()) {
    std::cerr << "select_patches: " << status.message() << "\n";
    return 1;
  }
  return 0;
}
