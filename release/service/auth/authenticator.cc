#include "release/service/auth/authenticator.h"

#include <sys/stat.h>

#include <algorithm>
#include <iostream>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "base/digest.h"
#include "base/proto_time.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "base/textproto.h"
#include "google/protobuf/repeated_field.h"
#include "google/protobuf/struct.pb.h"
#include "release/service/auth/json_web_token.h"
#include "release/service/rpc_status/error_details.h"

namespace gantry::service {
namespace {

using ::gantry::release::v1::Credentials;
using ::gantry::release::v1::IdentityProvider;
using ::gantry::release::v1::IdentityRule;
using ::gantry::release::v1::Role;
using ::gantry::release::v1::Token;
using ::google::protobuf::Struct;

constexpr size_t kMaxNameBytes = 256;
constexpr absl::Duration kCheckInterval = absl::Seconds(1);

absl::Status Unauthenticated(const std::string& reason, absl::string_view why) {
  return WithErrorInfo(absl::UnauthenticatedError(why), reason, {});
}

std::string Stamp(const std::string& path) {
  struct stat status = {};
  if (stat(path.c_str(), &status) != 0) return "";
  return absl::StrCat(status.st_mtim.tv_sec, ".", status.st_mtim.tv_nsec, " ",
                      status.st_size, " ", status.st_ino);
}

absl::Status FieldError(absl::string_view field, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat(field, ": ", why));
}

absl::Status ValidateRoles(absl::string_view field,
                           const google::protobuf::RepeatedField<int>& roles) {
  if (roles.empty()) return FieldError(field, "is required");
  for (const int role : roles) {
    if (role == release::v1::ROLE_UNSPECIFIED ||
        !release::v1::Role_IsValid(role)) {
      return FieldError(field, absl::StrCat(role, " is not a role"));
    }
  }
  return absl::OkStatus();
}

absl::Status ValidateName(absl::string_view field, const std::string& name) {
  if (name.empty()) return FieldError(field, "is required");
  const bool is_line = std::none_of(name.begin(), name.end(), [](char c) {
    return static_cast<unsigned char>(c) < ' ' || c == 0x7f;
  });
  if (!is_line || name.size() > kMaxNameBytes) {
    return FieldError(field, absl::StrCat("is not one line of at most ",
                                          kMaxNameBytes, " bytes"));
  }
  return absl::OkStatus();
}

absl::Status ValidateToken(absl::string_view field, const Token& token) {
  GANTRY_RETURN_IF_ERROR(
      ValidateName(absl::StrCat(field, ".name"), token.name()));
  GANTRY_RETURN_IF_ERROR(
      ValidateRoles(absl::StrCat(field, ".roles"), token.roles()));
  const absl::Status digest = ValidateDigest(token.digest());
  if (!digest.ok()) {
    return FieldError(absl::StrCat(field, ".digest"), digest.message());
  }
  return token.has_expire_time()
             ? absl::OkStatus()
             : FieldError(absl::StrCat(field, ".expire_time"), "is required");
}

absl::Status ValidateProvider(absl::string_view field,
                              const IdentityProvider& provider) {
  if (provider.issuer().empty()) {
    return FieldError(absl::StrCat(field, ".issuer"), "is required");
  }
  if (provider.audience().empty()) {
    return FieldError(absl::StrCat(field, ".audience"), "is required");
  }
  if (!absl::StartsWith(provider.keys_url(), "https://") &&
      !absl::StartsWith(provider.keys_url(), "http://127.0.0.1:")) {
    return FieldError(absl::StrCat(field, ".keys_url"), "is not an https URL");
  }
  if (provider.rules().empty()) {
    return FieldError(absl::StrCat(field, ".rules"), "is required");
  }
  for (int i = 0; i < provider.rules_size(); ++i) {
    const std::string rule = absl::StrCat(field, ".rules[", i, "]");
    // Anyone may get a token from a public provider.
    if (provider.rules(i).claims().empty()) {
      return FieldError(absl::StrCat(rule, ".claims"), "is required");
    }
    GANTRY_RETURN_IF_ERROR(
        ValidateRoles(absl::StrCat(rule, ".roles"), provider.rules(i).roles()));
  }
  return absl::OkStatus();
}

void AddRoles(const google::protobuf::RepeatedField<int>& roles, Roles& to) {
  for (const int role : roles) to.insert(static_cast<Role>(role));
}

bool Matches(const IdentityRule& rule, const Struct& claims) {
  return std::all_of(rule.claims().begin(), rule.claims().end(),
                     [&](const auto& wanted) {
                       const auto claim = claims.fields().find(wanted.first);
                       return claim != claims.fields().end() &&
                              claim->second.string_value() == wanted.second &&
                              !wanted.second.empty();
                     });
}

}  // namespace

absl::Status ValidateCredentials(const Credentials& credentials) {
  std::set<std::string> known;
  for (int i = 0; i < credentials.tokens_size(); ++i) {
    const Token& token = credentials.tokens(i);
    const std::string field = absl::StrCat("tokens[", i, "]");
    GANTRY_RETURN_IF_ERROR(ValidateToken(field, token));
    if (!known.insert(token.name()).second ||
        !known.insert(token.digest()).second) {
      return FieldError(field, "has the name or digest of another token");
    }
  }
  for (int i = 0; i < credentials.client_certificates_size(); ++i) {
    const auto& certificate = credentials.client_certificates(i);
    const std::string field = absl::StrCat("client_certificates[", i, "]");
    GANTRY_RETURN_IF_ERROR(
        ValidateName(absl::StrCat(field, ".name"), certificate.name()));
    GANTRY_RETURN_IF_ERROR(
        ValidateRoles(absl::StrCat(field, ".roles"), certificate.roles()));
  }
  for (int i = 0; i < credentials.identity_providers_size(); ++i) {
    GANTRY_RETURN_IF_ERROR(
        ValidateProvider(absl::StrCat("identity_providers[", i, "]"),
                         credentials.identity_providers(i)));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Authenticator>> Authenticator::Create(
    const std::string& path, std::function<absl::Time()> clock) {
  std::unique_ptr<Authenticator> authenticator(
      new Authenticator(path, std::move(clock)));
  absl::MutexLock lock(&authenticator->mutex_);
  authenticator->stamp_ = Stamp(path);
  GANTRY_ASSIGN_OR_RETURN(authenticator->known_, authenticator->Load());
  return authenticator;
}

absl::StatusOr<std::shared_ptr<const Authenticator::Known>>
Authenticator::Load() const {
  auto known = std::make_shared<Known>();
  GANTRY_RETURN_IF_ERROR(ReadTextProto(path_, known->credentials));
  GANTRY_RETURN_IF_ERROR(
      Annotate(ValidateCredentials(known->credentials), path_));
  for (const Token& token : known->credentials.tokens()) {
    known->tokens[token.digest()] = &token;
  }
  return std::shared_ptr<const Known>(std::move(known));
}

std::shared_ptr<const Authenticator::Known> Authenticator::Current() {
  absl::MutexLock lock(&mutex_);
  const absl::Time now = absl::Now();
  if (now < next_check_) return known_;
  next_check_ = now + kCheckInterval;
  const std::string stamp = Stamp(path_);
  if (stamp == stamp_) return known_;
  stamp_ = stamp;
  auto loaded = Load();
  if (loaded.ok()) {
    known_ = *std::move(loaded);
  } else {
    std::cerr << "server: credentials stay as they were: "
              << loaded.status().message() << std::endl;
  }
  return known_;
}

// A lookup by the digest of a random token tells nothing of other tokens by its
// time.
absl::StatusOr<Principal> Authenticator::ByToken(
    const Known& known, absl::string_view token) const {
  const auto found = known.tokens.find(Sha256Digest(token));
  if (found == known.tokens.end()) {
    return Unauthenticated("UNKNOWN_TOKEN", "the token is not known");
  }
  const Token& entry = *found->second;
  if (clock_() >= ToTime(entry.expire_time())) {
    return Unauthenticated(
        "TOKEN_EXPIRED",
        absl::StrCat("the token of ", entry.name(), " has expired"));
  }
  Principal principal;
  principal.name = entry.name();
  AddRoles(entry.roles(), principal.roles);
  return principal;
}

absl::StatusOr<Principal> Authenticator::ByIdentity(const Known& known,
                                                    absl::string_view token) {
  const auto refuse = [](const absl::Status& status) {
    return absl::IsUnauthenticated(status)
               ? WithErrorInfo(status, "BAD_IDENTITY_TOKEN", {})
               : status;
  };
  const auto unverified = ReadUnverified(token);
  if (!unverified.ok()) return refuse(unverified.status());
  const auto& providers = known.credentials.identity_providers();
  const auto provider = std::find_if(
      providers.begin(), providers.end(), [&](const IdentityProvider& one) {
        return one.issuer() == unverified->issuer;
      });
  if (provider == providers.end()) {
    return Unauthenticated("BAD_IDENTITY_TOKEN",
                           "identity token: of an unknown issuer");
  }
  const absl::Time now = clock_();
  GANTRY_ASSIGN_OR_RETURN(
      const std::shared_ptr<const JsonWebKeys> keys,
      keys_.Get(provider->keys_url(), unverified->key_id, now));
  const auto claims = VerifyToken(token, *keys, provider->audience(), now);
  if (!claims.ok()) return refuse(claims.status());
  Principal principal;
  const auto subject = claims->fields().find("sub");
  if (subject != claims->fields().end()) {
    principal.name = subject->second.string_value();
  }
  if (!ValidateName("sub", principal.name).ok()) {
    return Unauthenticated("BAD_IDENTITY_TOKEN",
                           "identity token: has no usable subject");
  }
  for (const IdentityRule& rule : provider->rules()) {
    if (Matches(rule, *claims)) AddRoles(rule.roles(), principal.roles);
  }
  return principal;
}

absl::StatusOr<Principal> Authenticator::Authenticate(
    absl::string_view authorization,
    const std::vector<std::string>& peer_names) {
  const std::shared_ptr<const Known> known = Current();
  if (!authorization.empty()) {
    // The scheme is case-insensitive (RFC 9110, section 11.1).
    if (!absl::StartsWithIgnoreCase(authorization, "bearer ")) {
      return Unauthenticated("UNKNOWN_TOKEN",
                             "\"authorization\" is not a bearer token");
    }
    const absl::string_view token =
        absl::StripAsciiWhitespace(authorization.substr(7));
    return IsJsonWebToken(token) ? ByIdentity(*known, token)
                                 : ByToken(*known, token);
  }
  for (const auto& certificate : known->credentials.client_certificates()) {
    if (std::find(peer_names.begin(), peer_names.end(), certificate.name()) ==
        peer_names.end()) {
      continue;
    }
    Principal principal;
    principal.name = certificate.name();
    AddRoles(certificate.roles(), principal.roles);
    return principal;
  }
  return Unauthenticated(
      "NO_CREDENTIALS",
      "the service wants to know who calls: pass --service_token_file, or "
      "--service_certificate and --service_key");
}

absl::Status Authenticator::Authorize(const Principal& principal,
                                      absl::string_view rpc) {
  if (MayCall(rpc, principal.roles)) return absl::OkStatus();
  std::vector<std::string> roles;
  for (const Role role : principal.roles) roles.push_back(RoleName(role));
  return WithErrorInfo(
      absl::PermissionDeniedError(absl::StrCat(
          principal.name, " may not call ", rpc, ": ",
          roles.empty() ? "it has no role"
                        : absl::StrCat("it is ", absl::StrJoin(roles, ", ")))),
      "ROLE_MISSING", {});
}

}  // namespace gantry::service
