#include "release/service/auth/identity_keys.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/http.h"
#include "base/status_macros.h"

namespace gantry::service {
namespace {

constexpr absl::Duration kMaxAge = absl::Hours(1);
constexpr absl::Duration kMinInterval = absl::Minutes(1);

absl::StatusOr<std::shared_ptr<const JsonWebKeys>> Fetch(
    const std::string& url) {
  HttpGetOptions options;
  options.max_bytes = size_t{1} << 20;
  options.connect_timeout = absl::Seconds(5);
  options.timeout = absl::Seconds(10);
  options.retry.max_attempts = 1;
  GANTRY_ASSIGN_OR_RETURN(const std::string json, HttpGet(url, options));
  GANTRY_ASSIGN_OR_RETURN(JsonWebKeys keys, JsonWebKeys::Parse(json));
  return std::make_shared<const JsonWebKeys>(std::move(keys));
}

}  // namespace

absl::StatusOr<std::shared_ptr<const JsonWebKeys>> IdentityKeys::Get(
    const std::string& url, const std::string& key_id, absl::Time now) {
  {
    absl::MutexLock lock(&mutex_);
    Set& set = sets_[url];
    const bool is_enough = set.keys != nullptr &&
                           set.keys->Find(key_id) != nullptr &&
                           now - set.fetch_time < kMaxAge;
    const bool may_fetch =
        !set.is_being_fetched && now - set.attempt_time >= kMinInterval;
    if (is_enough || !may_fetch) {
      if (set.keys != nullptr) return set.keys;
      return absl::UnavailableError(
          absl::StrCat("the keys of ", url, " are not known yet"));
    }
    set.is_being_fetched = true;
    set.attempt_time = now;
  }
  auto fetched = Fetch(url);
  absl::MutexLock lock(&mutex_);
  Set& set = sets_[url];
  set.is_being_fetched = false;
  if (fetched.ok()) {
    set.keys = *std::move(fetched);
    set.fetch_time = now;
  }
  if (set.keys != nullptr) return set.keys;
  return absl::UnavailableError(absl::StrCat(
      "the keys of ", url, " cannot be fetched: ", fetched.status().message()));
}

}  // namespace gantry::service
