#ifndef GANTRY_BASE_HTTP_H_
#define GANTRY_BASE_HTTP_H_

#include <cstddef>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace gantry {

// When to repeat a request.  The delay before each repetition is random,
// between half of a bound and the bound, which doubles from one to the next.
struct HttpRetryOptions {
  // 1: the request is not repeated.
  int max_attempts = 4;

  // The first bound.
  absl::Duration first_delay = absl::Seconds(1);

  // No delay is longer, even if the server's Retry-After asks for more.
  absl::Duration max_delay = absl::Minutes(1);

  // Waits; for tests.  Empty: absl::SleepFor().
  std::function<void(absl::Duration)> sleep;
};

struct HttpGetOptions {
  // A longer body is RESOURCE_EXHAUSTED.
  size_t max_bytes = size_t{64} << 20;

  // To connect, including name resolution.
  absl::Duration connect_timeout = absl::Seconds(20);

  // For the whole transfer.
  absl::Duration timeout = absl::Minutes(2);

  // The timeouts are those of each attempt.
  HttpRetryOptions retry;
};

// Fetches an http or https URL and returns the body.  Follows up to 10
// redirects, but none from https to http.  Proxies are those of libcurl's
// environment variables.  Thread-safe.
//
// Repeats a request if the server could not be reached, closed the connection
// early, let a timeout expire, or answered 429 or 5xx.  After an answer with
// Retry-After (RFC 9110, section 10.2.3) the delay is at least as long as that
// asks, within its limit.
//
// Errors are those of the last attempt and name the URL.  NOT_FOUND: the server
// answered 404 or 410. PERMISSION_DENIED: 401 or 403.  UNAVAILABLE: the server
// could not be reached, closed the connection early, or answered with another
// error. DEADLINE_EXCEEDED: a timeout expired.  INVALID_ARGUMENT: not an http
// or https URL.
absl::StatusOr<std::string> HttpGet(const std::string& url,
                                    const HttpGetOptions& options = {});

}  // namespace gantry

#endif  // GANTRY_BASE_HTTP_H_
