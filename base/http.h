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

  // For the whole transfer.
  absl::Duration timeout = absl::Minutes(2);
};

// Fetches an http or https URL and returns the body.  Follows up to 10
// redirects, but none from https to http.  Proxies are those of libcurl's
// environment variables.  Thread-safe.
//
// Errors name the URL.  NOT_FOUND: the server answered 404 or 410.
// PERMISSION_DENIED: 401 or 403.  UNAVAILABLE: the server could not be reached,
// closed the connection early, or answered with another error.
// DEADLINE_EXCEEDED: a timeout expired.  INVALID_ARGUMENT: not an http or https
// URL.
absl::StatusOr<std::string> HttpGet(const std::string& url,
                                    const HttpGetOptions& options = {});

}  // namespace gantry

#endif  // GANTRY_BASE_HTTP_H_
