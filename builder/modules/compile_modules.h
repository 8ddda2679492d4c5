#ifndef GANTRY_BUILDER_MODULES_COMPILE_MODULES_H_
#define GANTRY_BUILDER_MODULES_COMPILE_MODULES_H_

#include <string>

#include "absl/status/status.h"
#include "builder/modules/compile_request.pb.h"

namespace gantry::modules {

// Compiles kernel modules in a developer container's root file system and
// writes the request's outputs.
//
// The outputs' bytes depend on the request's files only: not on folder, time,
// environment, user, number of jobs or the machine's kernel.  (The log is for
// people, and is not so.)  Works in a fresh folder beside `modules_tar`, in
// memory if there is enough of it; nothing of it remains.
//
// Any error leaves no output, and its message is what to tell first, in one
// line; `log` has all that was said, also by the kernel build, whatever the
// result.  ABORTED: the kernel build failed.
//
// Precondition: this process has one thread, as ScratchDir wants.
absl::Status CompileModules(const builder::v1::CompileRequest& request,
                            int jobs, std::string& log);

}  // namespace gantry::modules

#endif  // GANTRY_BUILDER_MODULES_COMPILE_MODULES_H_
