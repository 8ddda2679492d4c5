#include "release/service/resolve/resolve.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <iterator>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "base/proto_time.h"
#include "base/status_macros.h"
#include "base/version_order.h"
#include "google/protobuf/timestamp.pb.h"
#include "proto/no_payload.pb.h"
#include "release/service/resolve/gpu.h"
#include "release/service/rpc_status/error_details.h"

namespace gantry::service {
namespace {

using ::gantry::release::v1::Cell;
using ::gantry::release::v1::NoPayload;
using ::gantry::release::v1::ResolveRequest;
using ::gantry::release::v1::ResolveResponse;

using Cells = std::vector<const Cell*>;

Cells Filter(const Cells& cells, const std::function<bool(const Cell&)>& keep) {
  Cells kept;
  std::copy_if(cells.begin(), cells.end(), std::back_inserter(kept),
               [&](const Cell* cell) { return keep(*cell); });
  return kept;
}

std::string FormatTime(const google::protobuf::Timestamp& timestamp) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", ToTime(timestamp),
                          absl::UTCTimeZone());
}

bool HasLiveLease(const Cell& cell, absl::Time now) {
  return ToTime(cell.lease().expire_time()) > now;
}

// Higher is nearer to a payload.  A cell whose lease has expired is as near as
// a planned one: nobody builds it.
int Progress(const Cell& cell, absl::Time now) {
  if (cell.has_payload()) return 5;
  switch (cell.state()) {
    case release::v1::CELL_STATE_BUILDING:
      return HasLiveLease(cell, now) ? 4 : 3;
    case release::v1::CELL_STATE_PLANNED:
      return 3;
    case release::v1::CELL_STATE_BLOCKED:
      return 2;
    case release::v1::CELL_STATE_FAILED:
      return 1;
    default:
      return 0;
  }
}

bool IsBetter(const Cell* a, const Cell* b, absl::Time now) {
  const int progress_a = Progress(*a, now);
  const int progress_b = Progress(*b, now);
  if (progress_a != progress_b) return progress_a > progress_b;
  const auto& left = a->coordinates();
  const auto& right = b->coordinates();
  int order = CompareVersions(left.version(), right.version());
  if (order == 0) {
    order = CompareVersions(left.cuda_version(), right.cuda_version());
  }
  return order != 0 ? order > 0 : a->id() < b->id();
}

// Precondition: `cells` is not empty.
const Cell& Best(const Cells& cells, absl::Time now) {
  return **std::min_element(
      cells.begin(), cells.end(),
      [now](const Cell* a, const Cell* b) { return IsBetter(a, b, now); });
}

ResolveResponse None(NoPayload::Cause cause, absl::string_view reason,
                     const Cell* nearest) {
  ResolveResponse response;
  NoPayload& none = *response.mutable_no_payload();
  none.set_cause(cause);
  none.set_reason(std::string(reason));
  if (nearest != nullptr) *none.mutable_nearest() = *nearest;
  return response;
}

// The distinct values of a property, for messages.
std::string JoinDistinct(
    const Cells& cells,
    const std::function<std::string(const Cell&)>& property) {
  std::set<std::string> values;
  for (const Cell* cell : cells) values.insert(property(*cell));
  return absl::StrJoin(values, ", ");
}

size_t CommonPrefix(absl::string_view a, absl::string_view b) {
  return std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first -
         a.begin();
}

// The cell whose OS release shares the longest prefix with `os_release`; null
// if none shares the operating system, which is the part before the first "-".
const Cell* MostSimilar(absl::string_view os_release, const Cells& cells,
                        absl::Time now) {
  const size_t system = std::min(os_release.find('-'), os_release.size());
  size_t longest = 0;
  for (const Cell* cell : cells) {
    longest = std::max(
        longest, CommonPrefix(os_release, cell->coordinates().os_release()));
  }
  if (longest <= system) return nullptr;
  return &Best(Filter(cells,
                      [&](const Cell& cell) {
                        return CommonPrefix(os_release,
                                            cell.coordinates().os_release()) ==
                               longest;
                      }),
               now);
}

ResolveResponse UnknownRelease(const ResolveRequest& request,
                               const Cells& cells, absl::Time now) {
  const Cell* similar = MostSimilar(request.os_release(), cells, now);
  return None(
      NoPayload::CAUSE_UNKNOWN_RELEASE,
      absl::StrCat(
          "OS release \"", request.os_release(), "\" is not planned",
          similar == nullptr
              ? ""
              : absl::StrCat("; the most similar name is \"",
                             similar->coordinates().os_release(), "\"")),
      similar);
}

ResolveResponse KernelMismatch(const ResolveRequest& request,
                               const Cells& cells, absl::Time now) {
  return None(
      NoPayload::CAUSE_KERNEL_MISMATCH,
      absl::StrCat("the node runs kernel \"", request.kernel_release(),
                   "\", but OS release \"", request.os_release(), "\" has ",
                   JoinDistinct(cells,
                                [](const Cell& cell) {
                                  return absl::StrCat(
                                      "\"", cell.coordinates().kernel_release(),
                                      "\"");
                                })),
      &Best(cells, now));
}

ResolveResponse UnknownVersion(const ResolveRequest& request,
                               const Cells& cells, absl::Time now) {
  std::vector<std::string> requested;
  if (!request.driver_version().empty()) {
    requested.push_back(absl::StrCat("driver ", request.driver_version()));
  }
  if (!request.cuda_version().empty()) {
    requested.push_back(absl::StrCat("CUDA ", request.cuda_version()));
  }
  return None(
      NoPayload::CAUSE_UNKNOWN_VERSION,
      absl::StrCat("OS release \"", request.os_release(), "\" has no ",
                   absl::StrJoin(requested, " with "), ", but ",
                   JoinDistinct(cells,
                                [](const Cell& cell) {
                                  return absl::StrCat(
                                      cell.coordinates().version(),
                                      " with CUDA ",
                                      cell.coordinates().cuda_version());
                                })),
      &Best(cells, now));
}

ResolveResponse Building(const Cell& cell, absl::Time now) {
  const auto& lease = cell.lease();
  if (HasLiveLease(cell, now)) {
    return None(NoPayload::CAUSE_BUILDING,
                absl::StrCat(cell.id(), " is being built by ", lease.worker(),
                             ", started at ", FormatTime(lease.start_time())),
                &cell);
  }
  return None(
      NoPayload::CAUSE_PLANNED,
      absl::StrCat(cell.id(), " is planned; ", lease.worker(),
                   " started to build it at ", FormatTime(lease.start_time()),
                   ", but its lease expired at ",
                   FormatTime(lease.expire_time())),
      &cell);
}

// Explains the best of the fitting cells, none of which is built.
ResolveResponse NotBuilt(const Cell& cell, absl::Time now) {
  switch (cell.state()) {
    case release::v1::CELL_STATE_BUILDING:
      return Building(cell, now);
    case release::v1::CELL_STATE_FAILED:
      return None(
          NoPayload::CAUSE_FAILED,
          absl::StrCat(cell.id(), " failed at ", FormatTime(cell.update_time()),
                       " (attempt ", cell.attempt_count(), "): ", cell.reason(),
                       cell.log_uri().empty()
                           ? ""
                           : absl::StrCat("; log: ", cell.log_uri())),
          &cell);
    case release::v1::CELL_STATE_BLOCKED:
      return None(NoPayload::CAUSE_PLANNED,
                  absl::StrCat(cell.id(),
                               " is planned, but was blocked: ", cell.reason(),
                               "; asking the service for it lifts that"),
                  &cell);
    case release::v1::CELL_STATE_EXCLUDED:
      return None(NoPayload::CAUSE_EXCLUDED,
                  absl::StrCat(cell.id(), " is excluded: ", cell.reason()),
                  &cell);
    case release::v1::CELL_STATE_RETIRED:
      return None(NoPayload::CAUSE_EXCLUDED,
                  absl::StrCat(cell.id(), " is retired: ", cell.reason()),
                  &cell);
    default:
      return None(NoPayload::CAUSE_PLANNED,
                  absl::StrCat(cell.id(), " was planned at ",
                               FormatTime(cell.update_time()),
                               "; no worker has claimed it yet"),
                  &cell);
  }
}

bool MatchesKernel(const Cell& cell, const ResolveRequest& request) {
  const std::string& kernel = cell.coordinates().kernel_release();
  // Either may be unknown.
  return request.kernel_release().empty() || kernel.empty() ||
         kernel == request.kernel_release();
}

bool MatchesVersions(const Cell& cell, const ResolveRequest& request) {
  return HasVersionPrefix(cell.coordinates().version(),
                          request.driver_version()) &&
         HasVersionPrefix(cell.coordinates().cuda_version(),
                          request.cuda_version());
}

// Returns nullopt if the request has no GPU.
absl::StatusOr<absl::optional<uint16_t>> ParseGpu(
    const ResolveRequest& request) {
  if (request.gpu_device_id().empty()) return absl::optional<uint16_t>();
  const absl::StatusOr<uint16_t> id = ParsePciDeviceId(request.gpu_device_id());
  if (!id.ok()) {
    return InvalidFieldError("gpu_device_id", id.status().message());
  }
  return absl::optional<uint16_t>(*id);
}

// Empty if the cell supports the GPU, or the GPU is not known.
std::string UnsupportedReason(const absl::optional<uint16_t>& gpu,
                              const Cell& cell) {
  if (!gpu.has_value()) return "";
  return UnsupportedGpuReason(*gpu, cell.coordinates());
}

}  // namespace

absl::StatusOr<ResolveResponse> Resolve(const ResolveRequest& request,
                                        const std::vector<Cell>& cells,
                                        absl::Time now) {
  if (request.os_release().empty()) {
    return InvalidFieldError("os_release", "is required");
  }
  GANTRY_ASSIGN_OR_RETURN(const absl::optional<uint16_t> gpu,
                          ParseGpu(request));
  Cells known;
  for (const Cell& cell : cells) known.push_back(&cell);
  const Cells of_release = Filter(known, [&](const Cell& cell) {
    return cell.coordinates().os_release() == request.os_release();
  });
  if (of_release.empty()) return UnknownRelease(request, known, now);

  const Cells of_kernel = Filter(of_release, [&](const Cell& cell) {
    return MatchesKernel(cell, request);
  });
  if (of_kernel.empty()) return KernelMismatch(request, of_release, now);

  const Cells of_version = Filter(of_kernel, [&](const Cell& cell) {
    return MatchesVersions(cell, request);
  });
  if (of_version.empty()) return UnknownVersion(request, of_kernel, now);

  const Cells fitting = Filter(of_version, [&](const Cell& cell) {
    return UnsupportedReason(gpu, cell).empty();
  });
  if (fitting.empty()) {
    const Cell& best = Best(of_version, now);
    return None(NoPayload::CAUSE_GPU_UNSUPPORTED, UnsupportedReason(gpu, best),
                &best);
  }

  const Cell& best = Best(fitting, now);
  if (!best.has_payload()) return NotBuilt(best, now);
  ResolveResponse response;
  *response.mutable_cell() = best;
  return response;
}

}  // namespace gantry::service
