#include "base/http.h"

#include <curl/curl.h>

#include <algorithm>
#include <memory>
#include <random>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"

namespace gantry {
namespace {

constexpr long kMaxRedirects = 10;

struct Body {
  std::string content;
  size_t max_bytes;
  bool too_long = false;
};

// CURLOPT_WRITEFUNCTION: returning less than `size` * `count` aborts the
// transfer.
size_t Append(char* data, size_t size, size_t count, void* user) {
  Body& body = *static_cast<Body*>(user);
  const size_t bytes = size * count;
  if (bytes > body.max_bytes - body.content.size()) {
    body.too_long = true;
    return 0;
  }
  body.content.append(data, bytes);
  return bytes;
}

absl::Status TransferError(const std::string& url, CURLcode code,
                           const char* detail) {
  const std::string message = absl::StrCat(
      url, ": ", *detail != '\0' ? detail : curl_easy_strerror(code));
  switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return absl::InvalidArgumentError(message);
    case CURLE_OPERATION_TIMEDOUT:
      return absl::DeadlineExceededError(message);
    default:
      return absl::UnavailableError(message);
  }
}

absl::Status ResponseError(const std::string& url, long response) {
  const std::string message =
      absl::StrCat(url, ": the server answered ", response);
  switch (response) {
    case 404:
    case 410:
      return absl::NotFoundError(message);
    case 401:
    case 403:
      return absl::PermissionDeniedError(message);
    default:
      return absl::UnavailableError(message);
  }
}

// Whether a request that failed in this way may succeed when it is repeated.
bool IsTransient(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return true;
    default:
      return false;
  }
}

bool IsTransient(long response) {
  return response == 429 || (response >= 500 && response <= 599);
}

// What one request led to.
struct Attempt {
  absl::StatusOr<std::string> result;
  bool is_transient = false;
  // What the server asked for.
  absl::Duration retry_after = absl::ZeroDuration();
};

// The delay after `failures` attempts.
absl::Duration RetryDelay(const HttpRetryOptions& options, int failures,
                          absl::Duration retry_after) {
  absl::Duration bound = options.first_delay;
  for (int i = 1; i < failures && bound < options.max_delay; ++i) bound *= 2;
  std::random_device random;
  const double factor = std::uniform_real_distribution<double>(0.5, 1)(random);
  return std::min(std::max(bound * factor, retry_after), options.max_delay);
}

// curl_global_init() is not thread-safe in every build of libcurl; initializing
// a static variable is.
bool InitializeCurl() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  return code == CURLE_OK;
}

Attempt GetOnce(const std::string& url, const HttpGetOptions& options) {
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(
      InitializeCurl() ? curl_easy_init() : nullptr, &curl_easy_cleanup);
  if (curl == nullptr) {
    return {absl::InternalError("libcurl cannot be initialized")};
  }
  Body body;
  body.max_bytes = options.max_bytes;
  char detail[CURL_ERROR_SIZE] = "";
  CURL* handle = curl.get();
  curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  // Not from https to http.
  curl_easy_setopt(
      handle, CURLOPT_REDIR_PROTOCOLS_STR,
      absl::StartsWithIgnoreCase(url, "https:") ? "https" : "http,https");
  curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(handle, CURLOPT_MAXREDIRS, kMaxRedirects);
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_USERAGENT, "gantry");
  curl_easy_setopt(
      handle, CURLOPT_CONNECTTIMEOUT_MS,
      static_cast<long>(absl::ToInt64Milliseconds(options.connect_timeout)));
  curl_easy_setopt(
      handle, CURLOPT_TIMEOUT_MS,
      static_cast<long>(absl::ToInt64Milliseconds(options.timeout)));
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, detail);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &Append);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &body);

  const CURLcode code = curl_easy_perform(handle);
  if (body.too_long) {
    return {absl::ResourceExhaustedError(
        absl::StrCat(url, ": longer than ", options.max_bytes, " bytes"))};
  }
  if (code != CURLE_OK) {
    return {TransferError(url, code, detail), IsTransient(code)};
  }
  long response = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &response);
  if (response == 200) return {std::move(body.content)};
  // A date is converted to seconds from now.
  curl_off_t retry_after = 0;
  curl_easy_getinfo(handle, CURLINFO_RETRY_AFTER, &retry_after);
  return {ResponseError(url, response), IsTransient(response),
          absl::Seconds(retry_after)};
}

}  // namespace

absl::StatusOr<std::string> HttpGet(const std::string& url,
                                    const HttpGetOptions& options) {
  for (int attempt = 1;; ++attempt) {
    Attempt got = GetOnce(url, options);
    if (!got.is_transient || attempt >= options.retry.max_attempts) {
      return std::move(got.result);
    }
    const absl::Duration delay =
        RetryDelay(options.retry, attempt, got.retry_after);
    if (options.retry.sleep) {
      options.retry.sleep(delay);
    } else {
      absl::SleepFor(delay);
    }
  }
}

}  // namespace gantry
