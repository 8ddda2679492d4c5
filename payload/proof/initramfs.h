#ifndef GANTRY_PAYLOAD_PROOF_INITRAMFS_H_
#define GANTRY_PAYLOAD_PROOF_INITRAMFS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace gantry::proof {

// The initramfs (Documentation/driver-api/early-userspace/buffer-format.rst:
// cpio "newc", uncompressed) with `init` as /init, the modules, and the plan
// that init_main.cc goes by.  The same arguments give the same bytes.
//
// `nonce` has no line end; `modules` are ELF files, loaded in this order.
absl::StatusOr<std::string> MakeInitramfs(
    absl::string_view init, absl::string_view nonce,
    const std::vector<absl::string_view>& modules);

}  // namespace gantry::proof

#endif  // GANTRY_PAYLOAD_PROOF_INITRAMFS_H_
