#ifndef GANTRY_BASE_LOOPBACK_H_
#define GANTRY_BASE_LOOPBACK_H_

#include "absl/strings/string_view.h"

namespace gantry {

// Whether "HOST:PORT" or "[HOST]:PORT" is on this machine alone, so that nobody
// on the way can read what is sent there: "localhost", 127.0.0.0/8 or ::1.
bool IsLoopback(absl::string_view address);

}  // namespace gantry

#endif  // GANTRY_BASE_LOOPBACK_H_
