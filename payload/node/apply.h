#ifndef GANTRY_PAYLOAD_NODE_APPLY_H_
#define GANTRY_PAYLOAD_NODE_APPLY_H_

#include <vector>

#include "absl/status/status.h"
#include "payload/node/copy_progress.h"
#include "payload/node/directory.h"
#include "payload/node/host_snapshot.h"
#include "payload/node/install_target.h"
#include "payload/node/plan.h"

namespace gantry::node {

// Carries out `plan` on the host at `rootfs`, with files from `image`.  The
// caller holds the lock and has removed leftovers.
//
// The steps, and what a crash (a kill, a power failure) after each leaves:
//
//  1. All targets are staged into hidden directories beside their final places,
//     checked, and made durable.  A crash leaves hidden directories, which the
//     next run removes.
//  2. Each staged directory is renamed to its place, or exchanged with what is
//     there (RENAME_EXCHANGE).  There is a complete directory in every place at
//     any time, so `current` of an earlier run keeps working.  New directories
//     are not in use yet, unless they replace the ones in use.
//  3. rename(2) replaces /opt/nvidia/current, and then /opt/cuda/current.
//     Between the two, the host has the new driver with the old CUDA.  NVIDIA
//     supports that (a driver runs programs of earlier toolkits), but not the
//     old driver with the new CUDA.
//  4. The file in ld.so.conf.d is written.  The caller runs ldconfig; until
//     then, only the cache of the dynamic linker is outdated.
//  5. What was replaced is removed.
//
// The next run completes what is missing.  After an error or a signal before
// step 2, the staged directories are removed right away.
//
// On a file system without RENAME_EXCHANGE, `current` leads to the staged
// directory while the old one is renamed to a hidden name and removed, and the
// target is staged again.
//
// Nothing is removed that something is mounted on or below (see remove_tree.h):
// the error names the mount point, and a run after it is unmounted finishes.
absl::Status Apply(const std::vector<InstallTarget>& targets, const Plan& plan,
                   const HostSnapshot& host, const Directory& image,
                   const Directory& rootfs, CopyProgress& progress);

}  // namespace gantry::node

#endif  // GANTRY_PAYLOAD_NODE_APPLY_H_
