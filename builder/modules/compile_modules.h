#ifndef GANTRY_BUILDER_MODULES_COMPILE_MODULES_H_
#define GANTRY_BUILDER_MODULES_COMPILE_MODULES_H_

#include <string>

#include "absl/status/status.h"
#include "builder/modules/compile_request.pb.h"

namespace gantry::modules {

// Compiles kernel modules in a developer container's root file system and
// writes the request's outputs.
//
// The outputs, except for the log, depend only on the content of the request's
// files: not on directory, time, environment, user, number of jobs or the
// machine's kernel.  Works in a ScratchDir next to `modules_tar`.
//
// After an error there is no output, and its message is one line that names the
// first cause.  `log` receives the whole log, including the kernel build's
// output, whatever the result.  ABORTED: the kernel build failed.
//
// Precondition: this process has one thread, as ScratchDir requires.
absl::Status CompileModules(const builder::v1::CompileRequest& request,
                            int jobs, std::string& log);

}  // namespace gantry::modules

#endif  // GANTRY_BUILDER_MODULES_COMPILE_MODULES_H_
