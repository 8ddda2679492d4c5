#ifndef GANTRY_RELEASE_SERVICE_AUTH_AUTHENTICATOR_H_
#define GANTRY_RELEASE_SERVICE_AUTH_AUTHENTICATOR_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "proto/credentials.pb.h"
#include "release/service/auth/identity_keys.h"
#include "release/service/auth/permissions.h"

namespace gantry::service {

// Who calls.
struct Principal {
  // What events name as their actor.  Example: "ci-7".
  std::string name;
  Roles roles;
};

// Tells who calls, by a file of credentials (proto/credentials.proto), which is
// read again within a second after it has changed.  Thread-safe.
class Authenticator {
 public:
  // INVALID_ARGUMENT, naming file and field: it is malformed.
  static absl::StatusOr<std::unique_ptr<Authenticator>> Create(
      const std::string& path, std::function<absl::Time()> clock);

  // `authorization` is the value of that metadata, or empty; `peer_names` are
  // the names in the client's verified certificate.  A token counts before a
  // certificate.  UNAUTHENTICATED, with an ErrorInfo (NO_CREDENTIALS,
  // UNKNOWN_TOKEN, TOKEN_EXPIRED, BAD_IDENTITY_TOKEN): nobody is known by
  // these. UNAVAILABLE: the keys of an identity provider cannot be had now.
  absl::StatusOr<Principal> Authenticate(
      absl::string_view authorization,
      const std::vector<std::string>& peer_names);

  // OK, or PERMISSION_DENIED with ErrorInfo ROLE_MISSING.
  static absl::Status Authorize(const Principal& principal,
                                absl::string_view rpc);

 private:
  // What is in the file.
  struct Known {
    release::v1::Credentials credentials;
    // By the digest of the token.
    std::map<std::string, const release::v1::Token*> tokens;
  };

  Authenticator(std::string path, std::function<absl::Time()> clock)
      : path_(std::move(path)), clock_(std::move(clock)) {}

  absl::StatusOr<std::shared_ptr<const Known>> Load() const;

  // What is in the file now.  If it became malformed: what was in it before.
  std::shared_ptr<const Known> Current();

  absl::StatusOr<Principal> ByToken(const Known& known,
                                    absl::string_view token) const;
  absl::StatusOr<Principal> ByIdentity(const Known& known,
                                       absl::string_view token);

  const std::string path_;
  const std::function<absl::Time()> clock_;
  IdentityKeys keys_;

  absl::Mutex mutex_;
  std::shared_ptr<const Known> known_ ABSL_GUARDED_BY(mutex_);
  // Of the file that was read last: modification time, size and inode.
  std::string stamp_ ABSL_GUARDED_BY(mutex_);
  absl::Time next_check_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
};

// INVALID_ARGUMENT, naming the field: the credentials are malformed.
absl::Status ValidateCredentials(const release::v1::Credentials& credentials);

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_AUTH_AUTHENTICATOR_H_
