#ifndef GANTRY_BASE_HTTP_H_
#define GANTRY_BASE_HTTP_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace gantry {

struct HttpGetOptions {
  // A longer body is RESOURCE_EXHAUSTED.
  size_t max_bytes = size_t{64} << 20;

  // To connect, including name resolution.
  absl::Duration connect_timeout = absl::Seconds(20);

  // For all of it.
  absl::Duration timeout = absl::Minutes(2);
};

// The body that an http or https URL leads to, following up to 10 redirects
// (never from https to http).  Proxies come from the environment, as libcurl
// reads it.  Thread-safe.
//
// Every error names the URL.  NOT_FOUND: the server says 404 or 410.
// PERMISSION_DENIED: 401 or 403.  UNAVAILABLE: the server cannot be reached,
// breaks off, or answers with another error.  DEADLINE_EXCEEDED: too slow.
// INVALID_ARGUMENT: not an http or https URL.
absl::StatusOr<std::string> HttpGet(const std::string& url,
                                    const HttpGetOptions& options = {});

}  // namespace gantry

#endif  // GANTRY_BASE_HTTP_H_
