#ifndef GANTRY_PAYLOAD_NODE_APPLY_H_
#define GANTRY_PAYLOAD_NODE_APPLY_H_

#include <vector>

#include "absl/status/status.h"
#include "payload/node/copy_progress.h"
#include "payload/node/folder.h"
#include "payload/node/host.h"
#include "payload/node/layout.h"
#include "payload/node/plan.h"

namespace gantry::node {

// Does what `plan` says to the host at `rootfs`, with files from `image`.  The
// caller holds the lock.
//
// The steps, and what a crash (kill, power cut) after each leaves:
//  1. All targets are staged into hidden folders beside their places, checked,
//     and made durable.  A crash leaves those; RemoveLeftovers removes them.
//  2. Each is renamed to its place, or exchanged in one step (RENAME_EXCHANGE)
//     with what is there.  A place never lacks a whole folder, so `current` of
//     an earlier run keeps working; the new folders are not in use yet, unless
//     they replace the ones that are.
//  3. /opt/nvidia/current and then /opt/cuda/current are replaced by rename(2).
//     In between the host has the new driver with the old CUDA: the
//     combination that NVIDIA supports (a driver runs programs of earlier
//     toolkits), not the other way round.
//  4. ld.so.conf.d is written.  ldconfig is the caller's to run: without it
//     only the dynamic linker's cache is old.
//  5. What was replaced is removed.
// The next run does what is missing.  An error or a signal before step 2 also
// removes the staged folders at once.
//
// Where RENAME_EXCHANGE does not exist, `current` leads to the staged folder
// while the old one is renamed to a hidden name and removed, and the target is
// staged once more.
//
// Removes nothing that something is mounted on or below (see remove_tree.h):
// an error names the mount, and the next run after unmounting finishes.
absl::Status Apply(const std::vector<InstallTarget>& targets, const Plan& plan,
                   const HostSnapshot& host, const Folder& image,
                   const Folder& rootfs, CopyProgress& progress);

}  // namespace gantry::node

#endif  // GANTRY_PAYLOAD_NODE_APPLY_H_
