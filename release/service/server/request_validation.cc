#include "release/service/server/request_validation.h"

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/cell_name.h"
#include "base/digest.h"
#include "base/message_digest.h"
#include "base/proto_time.h"
#include "base/status_macros.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/repeated_field.h"
#include "proto/attempt.pb.h"
#include "proto/cell.pb.h"
#include "proto/cell_plan.pb.h"
#include "proto/channel_head.pb.h"
#include "proto/coordinates.pb.h"
#include "proto/fragment.pb.h"
#include "proto/lock.pb.h"
#include "proto/matrix.pb.h"
#include "proto/payload.pb.h"
#include "proto/recipe.pb.h"
#include "release/service/rpc_status/error_details.h"
#include "release/service/store/limits.h"

namespace gantry::service {
namespace {

// Proofs boot for minutes at most; a longer duration is a publisher's error.
constexpr absl::Duration kMaxBootDuration = absl::Hours(24);

absl::Status ValidateSize(absl::string_view field, size_t bytes,
                          size_t max_bytes) {
  if (bytes <= max_bytes) return absl::OkStatus();
  return InvalidFieldError(
      field,
      absl::StrCat("is ", bytes, " bytes long; the limit is ", max_bytes));
}

absl::Status ValidateLine(absl::string_view field, absl::string_view value,
                          size_t max_bytes) {
  GANTRY_RETURN_IF_ERROR(ValidateSize(field, value.size(), max_bytes));
  if (std::any_of(value.begin(), value.end(),
                  [](char c) { return absl::ascii_iscntrl(c); })) {
    return InvalidFieldError(field,
                             "contains a line break or control character");
  }
  return absl::OkStatus();
}

absl::Status ValidateRequiredLine(absl::string_view field,
                                  absl::string_view value, size_t max_bytes) {
  if (value.empty()) return InvalidFieldError(field, "is required");
  return ValidateLine(field, value, max_bytes);
}

absl::Status ValidateSize(absl::string_view field,
                          const google::protobuf::Message& message,
                          size_t max_bytes) {
  return ValidateSize(field, message.ByteSizeLong(), max_bytes);
}

absl::Status ValidateCount(absl::string_view field, int count, int min,
                           int max = kMaxCellsPerCall) {
  if (count >= min && count <= max) return absl::OkStatus();
  return InvalidFieldError(
      field, absl::StrCat(count, " is not from ", min, " to ", max));
}

absl::Status ValidateDuration(absl::string_view field,
                              const google::protobuf::Duration& duration,
                              absl::Duration min, absl::Duration max) {
  if (duration.nanos() >= 0 && duration.nanos() < 1'000'000'000 &&
      ToDuration(duration) >= min && ToDuration(duration) <= max) {
    return absl::OkStatus();
  }
  return InvalidFieldError(
      field, absl::StrCat(absl::FormatDuration(ToDuration(duration)),
                          " is not from ", absl::FormatDuration(min), " to ",
                          absl::FormatDuration(max)));
}

// Checks the size first, because later errors quote the value.
absl::Status ValidateCoordinatesField(
    absl::string_view field, const cell::v1::CellCoordinates& coordinates) {
  GANTRY_RETURN_IF_ERROR(
      ValidateSize(field, coordinates, kMaxCoordinatesBytes));
  if (absl::Status status = ValidateCoordinates(coordinates); !status.ok()) {
    return InvalidFieldError(field, status.message());
  }
  return ValidateLine(absl::StrCat(field, ".kernel_release"),
                      coordinates.kernel_release(), kMaxNameBytes);
}

absl::Status ValidatePayload(const release::v1::Payload& payload) {
  GANTRY_RETURN_IF_ERROR(ValidateSize("payload", payload, kMaxPayloadBytes));
  if (absl::Status status = ValidateDigest(payload.digest()); !status.ok()) {
    return InvalidFieldError("payload.digest", status.message());
  }
  GANTRY_RETURN_IF_ERROR(ValidateRequiredLine(
      "payload.reference", payload.reference(), kMaxLineBytes));
  if (!absl::EndsWith(payload.reference(),
                      absl::StrCat("@", payload.digest()))) {
    return InvalidFieldError(
        "payload.reference",
        absl::StrCat("does not end with \"@", payload.digest(), "\""));
  }
  if (payload.total_size() < 0) {
    return InvalidFieldError("payload.total_size", "is negative");
  }
  return ValidateDuration("payload.proof.boot_duration",
                          payload.proof().boot_duration(), absl::ZeroDuration(),
                          kMaxBootDuration);
}

absl::Status ValidateRequestId(absl::string_view id) {
  return ValidateLine("request_id", id, kMaxIdBytes);
}

absl::Status ValidateDigestField(absl::string_view field,
                                 absl::string_view digest) {
  const absl::Status status = ValidateDigest(digest);
  return status.ok() ? status : InvalidFieldError(field, status.message());
}

absl::Status ValidateRecipe(const std::string& field,
                            const release::v1::Recipe& recipe) {
  GANTRY_RETURN_IF_ERROR(ValidateSize(field, recipe, kMaxRecipeBytes));
  if (recipe.digest() != RecipeDigest(recipe)) {
    return InvalidFieldError(absl::StrCat(field, ".digest"),
                             "is not that of the recipe");
  }
  return absl::OkStatus();
}

absl::Status ValidateChannels(
    const std::string& field,
    const google::protobuf::RepeatedPtrField<std::string>& channels,
    int max_count) {
  if (channels.size() > max_count) {
    return InvalidFieldError(
        field, absl::StrCat("has ", channels.size(), " entries; the limit is ",
                            max_count));
  }
  for (const std::string& channel : channels) {
    GANTRY_RETURN_IF_ERROR(ValidateRequiredLine(field, channel, kMaxNameBytes));
  }
  return absl::OkStatus();
}

absl::Status ValidatePlan(const std::string& field,
                          const release::v1::CellPlan& plan) {
  GANTRY_RETURN_IF_ERROR(ValidateCoordinatesField(
      absl::StrCat(field, ".coordinates"), plan.coordinates()));
  GANTRY_RETURN_IF_ERROR(ValidateChannels(
      absl::StrCat(field, ".channels"), plan.channels(), kMaxChannelsPerCell));
  if (plan.has_recipe()) {
    GANTRY_RETURN_IF_ERROR(
        ValidateRecipe(absl::StrCat(field, ".recipe"), plan.recipe()));
  }
  return ValidateLine(absl::StrCat(field, ".exclusion_reason"),
                      plan.exclusion_reason(), kMaxLineBytes);
}

// The field "epochs" of a request.
absl::Status ValidateEpochs(
    const google::protobuf::RepeatedPtrField<release::v1::StageEpoch>& epochs) {
  GANTRY_RETURN_IF_ERROR(
      ValidateCount("epochs", epochs.size(), 0, kMaxCapabilities));
  for (int i = 0; i < epochs.size(); ++i) {
    const std::string field = absl::StrCat("epochs[", i, "]");
    GANTRY_RETURN_IF_ERROR(ValidateRequiredLine(
        absl::StrCat(field, ".stage"), epochs[i].stage(), kMaxNameBytes));
    if (epochs[i].epoch() < 1) {
      return InvalidFieldError(absl::StrCat(field, ".epoch"),
                               "must be at least 1");
    }
  }
  return absl::OkStatus();
}

absl::Status ValidateArchitectures(
    const google::protobuf::RepeatedPtrField<std::string>& architectures) {
  GANTRY_RETURN_IF_ERROR(ValidateCount("architectures", architectures.size(), 0,
                                       kMaxCapabilities));
  for (const std::string& architecture : architectures) {
    GANTRY_RETURN_IF_ERROR(
        ValidateRequiredLine("architectures", architecture, kMaxIdBytes));
  }
  return absl::OkStatus();
}

// What a ChannelHead and a reference to one have.
template <typename Head>
absl::Status ValidateHeadReference(const std::string& field, const Head& head) {
  if (!matrix::v1::Family_IsValid(head.family()) ||
      head.family() == matrix::v1::FAMILY_UNSPECIFIED) {
    return InvalidFieldError(absl::StrCat(field, ".family"), "is required");
  }
  if (head.version() < 0) {
    return InvalidFieldError(absl::StrCat(field, ".version"), "is negative");
  }
  return ValidateRequiredLine(absl::StrCat(field, ".name"), head.name(),
                              kMaxNameBytes);
}

// The field "heads" of a request.
template <typename Request>
absl::Status ValidateHeads(const Request& request) {
  GANTRY_RETURN_IF_ERROR(ValidateCount("heads", request.heads_size(), 0));
  for (int i = 0; i < request.heads_size(); ++i) {
    GANTRY_RETURN_IF_ERROR(ValidateHeadReference(absl::StrCat("heads[", i, "]"),
                                                 request.heads(i)));
  }
  return absl::OkStatus();
}

// The kind of fragment whose resource this is; empty if there is none.
absl::string_view KindOf(const release::v1::FragmentSources& sources) {
  switch (sources.resource_case()) {
    case release::v1::FragmentSources::kOsRelease:
      return "os_release";
    case release::v1::FragmentSources::kDriver:
      return "driver";
    case release::v1::FragmentSources::kToolkit:
      return "toolkit";
    default:
      return "";
  }
}

absl::Status ValidateSources(const std::string& field,
                             const release::v1::Fragment& fragment) {
  const release::v1::FragmentSources& sources = fragment.sources();
  if (KindOf(sources).empty()) {
    return InvalidFieldError(field, "has no resource");
  }
  if (KindOf(sources) != fragment.reference().kind()) {
    return InvalidFieldError(
        field, absl::StrCat("are of kind \"", KindOf(sources), "\", not \"",
                            fragment.reference().kind(), "\""));
  }
  if (!sources.os_release().keyring().empty()) {
    return InvalidFieldError(absl::StrCat(field, ".os_release.keyring"),
                             "is a path of one machine; send the content as "
                             "sources.keyring");
  }
  return ValidateSize(absl::StrCat(field, ".keyring"), sources.keyring().size(),
                      kMaxFragmentContentBytes);
}

absl::Status ValidateFragment(const std::string& field,
                              const release::v1::Fragment& fragment) {
  const std::string content = absl::StrCat(field, ".content");
  if (fragment.content().empty()) {
    return InvalidFieldError(content, "is required");
  }
  GANTRY_RETURN_IF_ERROR(ValidateSize(content, fragment.content().size(),
                                      kMaxFragmentContentBytes));
  GANTRY_RETURN_IF_ERROR(
      ValidateRequiredLine(absl::StrCat(field, ".reference.name"),
                           fragment.reference().name(), kMaxNameBytes));
  if (fragment.reference().digest() != Sha256Digest(fragment.content())) {
    return InvalidFieldError(absl::StrCat(field, ".reference.digest"),
                             "is not that of the content");
  }
  GANTRY_RETURN_IF_ERROR(
      ValidateSources(absl::StrCat(field, ".sources"), fragment));
  return ValidateSize(field, fragment, kMaxFragmentBytes);
}

// The field "lease_duration" of a request.
template <typename Request>
absl::Status ValidateLeaseDuration(const Request& request) {
  if (!request.has_lease_duration()) return absl::OkStatus();
  return ValidateDuration("lease_duration", request.lease_duration(),
                          kMinLeaseDuration, kMaxLeaseDuration);
}

absl::Status ValidateFailure(const release::v1::Failure& failure) {
  GANTRY_RETURN_IF_ERROR(
      ValidateRequiredLine("failure.reason", failure.reason(), kMaxLineBytes));
  GANTRY_RETURN_IF_ERROR(
      ValidateLine("failure.stage", failure.stage(), kMaxNameBytes));
  GANTRY_RETURN_IF_ERROR(ValidateLine("failure.fingerprint",
                                      failure.fingerprint(), kMaxNameBytes));
  if (failure.class_() != release::v1::FAILURE_CLASS_DETERMINISTIC &&
      failure.class_() != release::v1::FAILURE_CLASS_INFRASTRUCTURE) {
    return InvalidFieldError(
        "failure.class",
        "must be FAILURE_CLASS_DETERMINISTIC or FAILURE_CLASS_INFRASTRUCTURE");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ValidateRequest(const release::v1::PlanCellsRequest& request) {
  GANTRY_RETURN_IF_ERROR(ValidateRequestId(request.request_id()));
  GANTRY_RETURN_IF_ERROR(
      ValidateLine("plan_id", request.plan_id(), kMaxIdBytes));
  GANTRY_RETURN_IF_ERROR(ValidateCount("plans", request.plans_size(), 1));
  for (int i = 0; i < request.plans_size(); ++i) {
    GANTRY_RETURN_IF_ERROR(
        ValidatePlan(absl::StrCat("plans[", i, "]"), request.plans(i)));
  }
  return ValidateHeads(request);
}

absl::Status ValidateRequest(const release::v1::RetireCellsRequest& request) {
  GANTRY_RETURN_IF_ERROR(ValidateRequestId(request.request_id()));
  GANTRY_RETURN_IF_ERROR(
      ValidateRequiredLine("plan_id", request.plan_id(), kMaxIdBytes));
  GANTRY_RETURN_IF_ERROR(ValidateCount("channels", request.channels_size(), 1));
  GANTRY_RETURN_IF_ERROR(
      ValidateChannels("channels", request.channels(), kMaxCellsPerCall));
  return ValidateHeads(request);
}

absl::Status ValidateRequest(
    const release::v1::RecordRevisionRequest& request) {
  GANTRY_RETURN_IF_ERROR(ValidateRequestId(request.request_id()));
  GANTRY_RETURN_IF_ERROR(
      ValidateCoordinatesField("coordinates", request.coordinates()));
  GANTRY_RETURN_IF_ERROR(ValidateRequiredLine(
      "coordinates.kernel_release", request.coordinates().kernel_release(),
      kMaxNameBytes));
  if (!request.recipe_digest().empty()) {
    GANTRY_RETURN_IF_ERROR(
        ValidateDigestField("recipe_digest", request.recipe_digest()));
  }
  if (!request.content_digest().empty()) {
    GANTRY_RETURN_IF_ERROR(
        ValidateDigestField("content_digest", request.content_digest()));
  }
  GANTRY_RETURN_IF_ERROR(ValidateCount("modules", request.modules_size(), 0));
  for (int i = 0; i < request.modules_size(); ++i) {
    const std::string field = absl::StrCat("modules[", i, "]");
    GANTRY_RETURN_IF_ERROR(ValidateRequiredLine(absl::StrCat(field, ".name"),
                                                request.modules(i).name(),
                                                kMaxNameBytes));
    GANTRY_RETURN_IF_ERROR(ValidateDigestField(absl::StrCat(field, ".digest"),
                                               request.modules(i).digest()));
  }
  return ValidatePayload(request.payload());
}

absl::Status ValidateRequest(const release::v1::GetCellRequest& request) {
  return ValidateLine("id", request.id(), kMaxIdBytes);
}

absl::Status ValidateRequest(const release::v1::ListCellsRequest& request) {
  GANTRY_RETURN_IF_ERROR(
      ValidateLine("channel", request.channel(), kMaxNameBytes));
  GANTRY_RETURN_IF_ERROR(
      ValidateLine("os_release", request.os_release(), kMaxIdBytes));
  GANTRY_RETURN_IF_ERROR(
      ValidateLine("driver_version", request.driver_version(), kMaxIdBytes));
  GANTRY_RETURN_IF_ERROR(
      ValidateLine("cuda_version", request.cuda_version(), kMaxIdBytes));
  for (int state : request.states()) {
    if (!release::v1::CellState_IsValid(state) ||
        state == release::v1::CELL_STATE_UNSPECIFIED) {
      return InvalidFieldError("states",
                               absl::StrCat(state, " is not a cell state"));
    }
  }
  return ValidateCount("page_size", request.page_size(), 0);
}

absl::Status ValidateRequest(const release::v1::ClaimCellsRequest& request) {
  GANTRY_RETURN_IF_ERROR(
      ValidateRequiredLine("worker", request.worker(), kMaxNameBytes));
  GANTRY_RETURN_IF_ERROR(ValidateCount("ids", request.ids_size(), 0));
  for (int i = 0; i < request.ids_size(); ++i) {
    GANTRY_RETURN_IF_ERROR(ValidateLine(absl::StrCat("ids[", i, "]"),
                                        request.ids(i), kMaxIdBytes));
  }
  GANTRY_RETURN_IF_ERROR(ValidateRequestId(request.request_id()));
  GANTRY_RETURN_IF_ERROR(ValidateCount("max_cells", request.max_cells(), 0));
  GANTRY_RETURN_IF_ERROR(
      ValidateChannels("channels", request.channels(), kMaxCellsPerCall));
  GANTRY_RETURN_IF_ERROR(ValidateEpochs(request.epochs()));
  GANTRY_RETURN_IF_ERROR(ValidateArchitectures(request.architectures()));
  return ValidateLeaseDuration(request);
}

absl::Status ValidateRequest(const release::v1::RenewLeasesRequest& request) {
  GANTRY_RETURN_IF_ERROR(ValidateCount("leases", request.leases_size(), 1));
  for (int i = 0; i < request.leases_size(); ++i) {
    GANTRY_RETURN_IF_ERROR(ValidateLine(absl::StrCat("leases[", i, "].id"),
                                        request.leases(i).id(), kMaxIdBytes));
  }
  return ValidateLeaseDuration(request);
}

absl::Status ValidateRequest(const release::v1::ReleaseLeaseRequest& request) {
  GANTRY_RETURN_IF_ERROR(ValidateRequestId(request.request_id()));
  GANTRY_RETURN_IF_ERROR(
      ValidateLine("lease.id", request.lease().id(), kMaxIdBytes));
  return ValidateLine("reason", request.reason(), kMaxLineBytes);
}

absl::Status ValidateRequest(const release::v1::FailAttemptRequest& request) {
  GANTRY_RETURN_IF_ERROR(ValidateRequestId(request.request_id()));
  GANTRY_RETURN_IF_ERROR(
      ValidateLine("lease.id", request.lease().id(), kMaxIdBytes));
  GANTRY_RETURN_IF_ERROR(ValidateFailure(request.failure()));
  GANTRY_RETURN_IF_ERROR(
      ValidateSize("log", request.log().size(), kMaxLogBytes));
  return ValidateLine("log_uri", request.log_uri(), kMaxLineBytes);
}

absl::Status ValidateRequest(const release::v1::RetryCellRequest& request) {
  GANTRY_RETURN_IF_ERROR(ValidateRequestId(request.request_id()));
  return ValidateLine("id", request.id(), kMaxIdBytes);
}

absl::Status ValidateRequest(const release::v1::ListRevisionsRequest& request) {
  return ValidateLine("id", request.id(), kMaxIdBytes);
}

absl::Status ValidateRequest(const release::v1::ListAttemptsRequest& request) {
  return ValidateLine("id", request.id(), kMaxIdBytes);
}

absl::Status ValidateRequest(const release::v1::ListEventsRequest& request) {
  if (request.after_sequence() < 0) {
    return InvalidFieldError("after_sequence", "is negative");
  }
  return ValidateCount("page_size", request.page_size(), 0);
}

absl::Status ValidateRequest(const release::v1::GetLogRequest& request) {
  if (request.fencing_token() < 0) {
    return InvalidFieldError("fencing_token", "is negative");
  }
  return ValidateLine("id", request.id(), kMaxIdBytes);
}

absl::Status ValidateRequest(const release::v1::PutFragmentsRequest& request) {
  GANTRY_RETURN_IF_ERROR(ValidateRequestId(request.request_id()));
  GANTRY_RETURN_IF_ERROR(
      ValidateCount("fragments", request.fragments_size(), 1));
  for (int i = 0; i < request.fragments_size(); ++i) {
    GANTRY_RETURN_IF_ERROR(ValidateFragment(absl::StrCat("fragments[", i, "]"),
                                            request.fragments(i)));
  }
  return absl::OkStatus();
}

absl::Status ValidateRequest(const release::v1::GetFragmentsRequest& request) {
  GANTRY_RETURN_IF_ERROR(ValidateCount("digests", request.digests_size(), 1));
  for (int i = 0; i < request.digests_size(); ++i) {
    GANTRY_RETURN_IF_ERROR(ValidateDigestField(absl::StrCat("digests[", i, "]"),
                                               request.digests(i)));
  }
  return absl::OkStatus();
}

absl::Status ValidateRequest(
    const release::v1::MoveChannelHeadRequest& request) {
  const release::v1::ChannelHead& head = request.head();
  GANTRY_RETURN_IF_ERROR(ValidateRequestId(request.request_id()));
  GANTRY_RETURN_IF_ERROR(ValidateHeadReference("head", head));
  GANTRY_RETURN_IF_ERROR(ValidateCount("head.releases", head.releases_size(), 1,
                                       kMaxReleasesPerHead));
  for (int i = 0; i < head.releases_size(); ++i) {
    const std::string field = absl::StrCat("head.releases[", i, "]");
    GANTRY_RETURN_IF_ERROR(ValidateRequiredLine(
        absl::StrCat(field, ".name"), head.releases(i).name(), kMaxIdBytes));
    GANTRY_RETURN_IF_ERROR(ValidateRequiredLine(absl::StrCat(field, ".version"),
                                                head.releases(i).version(),
                                                kMaxIdBytes));
  }
  return ValidateDigestField("head.plan_digest", head.plan_digest());
}

absl::Status ValidateRequest(const release::v1::ListChannelHeadsRequest&) {
  return absl::OkStatus();
}

absl::Status ValidateRequest(const release::v1::AcquireLeaseRequest& request) {
  GANTRY_RETURN_IF_ERROR(
      ValidateRequiredLine("name", request.name(), kMaxNameBytes));
  GANTRY_RETURN_IF_ERROR(
      ValidateRequiredLine("worker", request.worker(), kMaxNameBytes));
  return ValidateLeaseDuration(request);
}

absl::Status ValidateRequest(
    const release::v1::ReleaseNamedLeaseRequest& request) {
  GANTRY_RETURN_IF_ERROR(
      ValidateRequiredLine("name", request.name(), kMaxNameBytes));
  return ValidateRequiredLine("worker", request.worker(), kMaxNameBytes);
}

absl::Status ValidateRequest(const release::v1::PruneRevisionRequest& request) {
  GANTRY_RETURN_IF_ERROR(ValidateRequestId(request.request_id()));
  return ValidateLine("id", request.id(), kMaxIdBytes);
}

absl::Status ValidateRequest(const release::v1::PruneLogsRequest& request) {
  GANTRY_RETURN_IF_ERROR(ValidateRequestId(request.request_id()));
  return request.has_before_time()
             ? absl::OkStatus()
             : InvalidFieldError("before_time", "is required");
}

absl::Status ValidateRequest(const release::v1::ResolveRequest& request) {
  GANTRY_RETURN_IF_ERROR(
      ValidateRequiredLine("os_release", request.os_release(), kMaxIdBytes));
  GANTRY_RETURN_IF_ERROR(
      ValidateLine("kernel_release", request.kernel_release(), kMaxNameBytes));
  GANTRY_RETURN_IF_ERROR(
      ValidateLine("gpu_device_id", request.gpu_device_id(), kMaxNameBytes));
  GANTRY_RETURN_IF_ERROR(
      ValidateLine("driver_version", request.driver_version(), kMaxIdBytes));
  return ValidateLine("cuda_version", request.cuda_version(), kMaxIdBytes);
}

absl::Status ValidateForSharing(
    const release::v1::RecordRevisionRequest& request) {
  const std::string& reference = request.payload().reference();
  if (!absl::StartsWith(reference, "oci:")) return absl::OkStatus();
  return InvalidFieldError(
      "payload.reference",
      "is a directory of one machine; publish to a registry (--registry)");
}

absl::Status ValidateForSharing(
    const release::v1::FailAttemptRequest& request) {
  if (!absl::StartsWith(request.log_uri(), "file:")) return absl::OkStatus();
  return InvalidFieldError("log_uri",
                           "is a file of one machine; send the log itself");
}

}  // namespace gantry::service
