#ifndef GANTRY_PAYLOAD_PROOF_INITRAMFS_H_
#define GANTRY_PAYLOAD_PROOF_INITRAMFS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace gantry::proof {

// Makes an initramfs with `init` as /init, the modules, and the plan that
// init_main.cc reads: an uncompressed cpio archive in the "newc" format
// (Documentation/driver-api/early-userspace/buffer-format.rst).  Deterministic.
//
// `nonce` contains no line end.  `modules` are ELF files in loading order.
absl::StatusOr<std::string> MakeInitramfs(
    absl::string_view init, absl::string_view nonce,
    const std::vector<absl::string_view>& modules);

}  // namespace gantry::proof

#endif  // GANTRY_PAYLOAD_PROOF_INITRAMFS_H_
