#ifndef GANTRY_RELEASE_SERVICE_AUTH_IDENTITY_KEYS_H_
#define GANTRY_RELEASE_SERVICE_AUTH_IDENTITY_KEYS_H_

#include <map>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "release/service/auth/json_web_token.h"

namespace gantry::service {

// Keys of identity providers, by the URL of the key set.  A set is fetched when
// it is first needed, when it is an hour old, and when it lacks a key, for
// which at most one request a minute is made.  While one caller fetches, others
// do not wait.  Thread-safe.
class IdentityKeys {
 public:
  // The set, which may lack the key all the same.  UNAVAILABLE: there is none
  // yet, and it cannot be fetched now.
  absl::StatusOr<std::shared_ptr<const JsonWebKeys>> Get(
      const std::string& url, const std::string& key_id, absl::Time now);

 private:
  struct Set {
    std::shared_ptr<const JsonWebKeys> keys;
    absl::Time fetch_time = absl::InfinitePast();
    absl::Time attempt_time = absl::InfinitePast();
    bool is_being_fetched = false;
  };

  absl::Mutex mutex_;
  std::map<std::string, Set> sets_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_AUTH_IDENTITY_KEYS_H_
