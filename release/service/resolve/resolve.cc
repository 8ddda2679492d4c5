#include "release/service/resolve/resolve.h"

#include <algorithm>
#include <functional>
#include <set>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "base/proto_time.h"
#include "base/version_order.h"
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

// Greater is nearer to a payload.
int Progress(const Cell& cell) {
  switch (cell.state()) {
    case release::v1::CELL_STATE_BUILT:
      return 4;
    case release::v1::CELL_STATE_BUILDING:
      return 3;
    case release::v1::CELL_STATE_PLANNED:
      return 2;
    case release::v1::CELL_STATE_FAILED:
      return 1;
    default:
      return 0;
  }
}

bool IsBetter(const Cell* a, const Cell* b) {
  if (Progress(*a) != Progress(*b)) return Progress(*a) > Progress(*b);
  const auto& left = a->coordinates();
  const auto& right = b->coordinates();
  int order = CompareVersions(left.driver_version(), right.driver_version());
  if (order == 0) {
    order = CompareVersions(left.cuda_version(), right.cuda_version());
  }
  return order != 0 ? order > 0 : a->id() < b->id();
}

// Precondition: `cells` is not empty.
const Cell& Best(const Cells& cells) {
  return **std::min_element(cells.begin(), cells.end(), IsBetter);
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

// Distinct values of a property, for people.
std::string ListOf(const Cells& cells,
                   const std::function<std::string(const Cell&)>& property) {
  std::set<std::string> values;
  for (const Cell* cell : cells) values.insert(property(*cell));
  return absl::StrJoin(values, ", ");
}

size_t CommonPrefix(absl::string_view a, absl::string_view b) {
  return std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first -
         a.begin();
}

// The cell whose release's name is most alike; null if they do not even share
// the operating system, the part up to the first "-".
const Cell* MostAlike(absl::string_view os_release, const Cells& cells) {
  const size_t system = std::min(os_release.find('-'), os_release.size());
  size_t longest = 0;
  for (const Cell* cell : cells) {
    longest = std::max(
        longest, CommonPrefix(os_release, cell->coordinates().os_release()));
  }
  if (longest <= system) return nullptr;
  return &Best(Filter(cells, [&](const Cell& cell) {
    return CommonPrefix(os_release, cell.coordinates().os_release()) == longest;
  }));
}

ResolveResponse UnknownRelease(const ResolveRequest& request,
                               const Cells& cells) {
  const Cell* alike = MostAlike(request.os_release(), cells);
  return None(
      NoPayload::CAUSE_UNKNOWN_RELEASE,
      absl::StrCat("nobody has planned OS release \"", request.os_release(),
                   "\"",
                   alike == nullptr
                       ? ""
                       : absl::StrCat("; the most similar name is \"",
                                      alike->coordinates().os_release(), "\"")),
      alike);
}

ResolveResponse KernelMismatch(const ResolveRequest& request,
                               const Cells& cells) {
  return None(NoPayload::CAUSE_KERNEL_MISMATCH,
              absl::StrCat(
                  "the node runs kernel \"", request.kernel_release(),
                  "\", but OS release \"", request.os_release(), "\" has ",
                  ListOf(cells,
                         [](const Cell& cell) {
                           return absl::StrCat(
                               "\"", cell.coordinates().kernel_release(), "\"");
                         })),
              &Best(cells));
}

ResolveResponse UnknownVersion(const ResolveRequest& request,
                               const Cells& cells) {
  std::vector<std::string> wishes;
  if (!request.driver_version().empty()) {
    wishes.push_back(absl::StrCat("driver ", request.driver_version()));
  }
  if (!request.cuda_version().empty()) {
    wishes.push_back(absl::StrCat("CUDA ", request.cuda_version()));
  }
  return None(NoPayload::CAUSE_UNKNOWN_VERSION,
              absl::StrCat("OS release \"", request.os_release(), "\" has no ",
                           absl::StrJoin(wishes, " with "), ", but ",
                           ListOf(cells,
                                  [](const Cell& cell) {
                                    return absl::StrCat(
                                        cell.coordinates().driver_version(),
                                        " with CUDA ",
                                        cell.coordinates().cuda_version());
                                  })),
              &Best(cells));
}

ResolveResponse Building(const Cell& cell, absl::Time now) {
  const auto& lease = cell.lease();
  if (ToTime(lease.expire_time()) > now) {
    return None(NoPayload::CAUSE_BUILDING,
                absl::StrCat(cell.id(), " is being built by ", lease.worker(),
                             " since ", FormatTime(lease.start_time())),
                &cell);
  }
  return None(NoPayload::CAUSE_PLANNED,
              absl::StrCat(
                  cell.id(), " is planned; ", lease.worker(),
                  " began to build it at ", FormatTime(lease.start_time()),
                  ", but its lease ended at ", FormatTime(lease.expire_time())),
              &cell);
}

// For the best of the cells that fit, none of which is built.
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
    case release::v1::CELL_STATE_EXCLUDED:
      return None(NoPayload::CAUSE_EXCLUDED,
                  absl::StrCat(cell.id(), " is excluded: ", cell.reason()),
                  &cell);
    default:
      return None(NoPayload::CAUSE_PLANNED,
                  absl::StrCat(cell.id(), " is planned since ",
                               FormatTime(cell.update_time()),
                               "; nobody is building it yet"),
                  &cell);
  }
}

std::string WhyUnserved(const absl::optional<uint16_t>& gpu, const Cell& cell) {
  if (!gpu.has_value()) return "";
  return WhyGpuUnsupported(*gpu, cell.coordinates().driver_flavour());
}

}  // namespace

absl::StatusOr<ResolveResponse> Resolve(const ResolveRequest& request,
                                        const std::vector<Cell>& cells,
                                        absl::Time now) {
  if (request.os_release().empty()) {
    return InvalidFieldError("os_release", "is required");
  }
  absl::optional<uint16_t> gpu;
  if (!request.gpu_device_id().empty()) {
    absl::StatusOr<uint16_t> id = ParsePciDeviceId(request.gpu_device_id());
    if (!id.ok()) {
      return InvalidFieldError("gpu_device_id", id.status().message());
    }
    gpu = *id;
  }

  Cells known;
  for (const Cell& cell : cells) known.push_back(&cell);
  const Cells of_release = Filter(known, [&](const Cell& cell) {
    return cell.coordinates().os_release() == request.os_release();
  });
  if (of_release.empty()) return UnknownRelease(request, known);

  const Cells of_kernel = Filter(of_release, [&](const Cell& cell) {
    const std::string& kernel = cell.coordinates().kernel_release();
    return request.kernel_release().empty() || kernel.empty() ||
           kernel == request.kernel_release();
  });
  if (of_kernel.empty()) return KernelMismatch(request, of_release);

  const Cells of_version = Filter(of_kernel, [&](const Cell& cell) {
    return IsOfBranch(cell.coordinates().driver_version(),
                      request.driver_version()) &&
           IsOfBranch(cell.coordinates().cuda_version(),
                      request.cuda_version());
  });
  if (of_version.empty()) return UnknownVersion(request, of_kernel);

  const Cells fitting = Filter(of_version, [&](const Cell& cell) {
    return WhyUnserved(gpu, cell).empty();
  });
  if (fitting.empty()) {
    const Cell& best = Best(of_version);
    return None(NoPayload::CAUSE_GPU_UNSUPPORTED, WhyUnserved(gpu, best),
                &best);
  }

  const Cell& best = Best(fitting);
  if (best.state() != release::v1::CELL_STATE_BUILT) return NotBuilt(best, now);
  ResolveResponse response;
  *response.mutable_cell() = best;
  return response;
}

}  // namespace gantry::service
