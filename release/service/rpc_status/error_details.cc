#include "release/service/rpc_status/error_details.h"

#include <cstdint>
#include <utility>

#include "google/protobuf/message.h"

namespace gantry::service {
namespace {

absl::Status WithDetail(absl::Status status,
                        const google::protobuf::Message& detail) {
  status.SetPayload(
      absl::StrCat("type.googleapis.com/", detail.GetDescriptor()->full_name()),
      absl::Cord(detail.SerializeAsString()));
  return status;
}

}  // namespace

absl::Status InvalidFieldError(absl::string_view field,
                               absl::string_view description) {
  google::rpc::BadRequest detail;
  auto* violation = detail.add_field_violations();
  violation->set_field(std::string(field));
  violation->set_description(std::string(description));
  return WithDetail(
      absl::InvalidArgumentError(absl::StrCat(field, ": ", description)),
      detail);
}

absl::Status ResourceNotFoundError(absl::string_view type,
                                   absl::string_view name,
                                   absl::string_view description) {
  google::rpc::ResourceInfo detail;
  detail.set_resource_type(std::string(type));
  detail.set_resource_name(std::string(name));
  detail.set_description(std::string(description));
  return WithDetail(absl::NotFoundError(description), detail);
}

absl::Status CellNotFoundError(absl::string_view cell_id) {
  return ResourceNotFoundError(
      "gantry.release.v1.Cell", cell_id,
      absl::StrCat("cell \"", cell_id, "\" is neither planned nor built"));
}

absl::Status WithErrorInfo(absl::Status status, absl::string_view reason,
                           const std::map<std::string, std::string>& metadata) {
  google::rpc::ErrorInfo detail;
  detail.set_reason(std::string(reason));
  detail.set_domain(std::string(kErrorDomain));
  detail.mutable_metadata()->insert(metadata.begin(), metadata.end());
  return WithDetail(std::move(status), detail);
}

absl::Status WithRetryInfo(absl::Status status, absl::Duration delay) {
  google::rpc::RetryInfo detail;
  const int64_t seconds = absl::IDivDuration(delay, absl::Seconds(1), &delay);
  detail.mutable_retry_delay()->set_seconds(seconds);
  detail.mutable_retry_delay()->set_nanos(
      static_cast<int32_t>(absl::ToInt64Nanoseconds(delay)));
  return WithDetail(std::move(status), detail);
}

}  // namespace gantry::service
