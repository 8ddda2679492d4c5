#include "release/service/store/heads.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "base/proto_time.h"
#include "base/status_macros.h"
#include "base/version_order.h"
#include "proto/event.pb.h"
#include "proto/matrix.pb.h"
#include "release/service/rpc_status/error_details.h"

namespace gantry::service {
namespace {

using ::gantry::release::v1::ChannelHead;
using ::gantry::release::v1::ChannelHeadReference;
using ::gantry::release::v1::ChannelRelease;

// ABORTED unless the channel's head has the version; 0: no head.
template <typename Head>
absl::Status CheckVersion(const Head& head, int64_t current) {
  if (head.version() == current) return absl::OkStatus();
  const std::string state =
      current == 0 ? absl::StrCat("channel ", head.name(), " has no head")
                   : absl::StrCat("the head of channel ", head.name(),
                                  " has moved to version ", current);
  return WithErrorInfo(
      absl::AbortedError(absl::StrCat(state, ", but version ", head.version(),
                                      " was expected")),
      "HEAD_MOVED",
      {{"family", matrix::v1::Family_Name(head.family())},
       {"channel", head.name()},
       {"version", absl::StrCat(current)}});
}

bool IsSameRelease(const ChannelRelease& a, const ChannelRelease& b) {
  return a.name() == b.name() && a.version() == b.version();
}

bool IsSameHead(const ChannelHead& a, const ChannelHead& b) {
  return a.plan_digest() == b.plan_digest() &&
         std::equal(a.releases().begin(), a.releases().end(),
                    b.releases().begin(), b.releases().end(), IsSameRelease);
}

// FAILED_PRECONDITION if the newest release of `next` is older than that of
// `current`.
absl::Status CheckNotOlder(const ChannelHead& current,
                           const ChannelHead& next) {
  const ChannelRelease& before = current.releases(0);
  const ChannelRelease& after = next.releases(0);
  if (CompareVersions(after.version(), before.version()) >= 0) {
    return absl::OkStatus();
  }
  return WithErrorInfo(
      absl::FailedPreconditionError(absl::StrCat(
          "the head of channel ", next.name(), " would go back from ",
          before.version(), " to ", after.version())),
      "HEAD_ROLLBACK",
      {{"family", matrix::v1::Family_Name(next.family())},
       {"channel", next.name()},
       {"current_version", before.version()},
       {"requested_version", after.version()}});
}

}  // namespace

absl::Status MoveChannelHead(CellTable& table,
                             const release::v1::MoveChannelHeadRequest& request,
                             absl::Time now, ChannelHead& response) {
  const ChannelHead& next = request.head();
  GANTRY_ASSIGN_OR_RETURN(absl::optional<ChannelHead> current,
                          table.FindHead(next.family(), next.name()));
  if (current.has_value() && IsSameHead(*current, next)) {
    response = *std::move(current);
    return absl::OkStatus();
  }
  GANTRY_RETURN_IF_ERROR(
      CheckVersion(next, current.has_value() ? current->version() : 0));
  if (current.has_value() && !request.allow_rollback()) {
    GANTRY_RETURN_IF_ERROR(CheckNotOlder(*current, next));
  }
  response = next;
  response.set_version(next.version() + 1);
  *response.mutable_update_time() = ToTimestamp(now);

  release::v1::Event event;
  event.set_kind(release::v1::EVENT_KIND_HEAD_MOVED);
  *event.mutable_time() = ToTimestamp(now);
  event.set_request_id(request.request_id());
  *event.mutable_head() = response;
  return table.Append(std::move(event));
}

absl::Status CheckHeads(
    CellTable& table,
    const google::protobuf::RepeatedPtrField<ChannelHeadReference>& heads) {
  for (const ChannelHeadReference& head : heads) {
    GANTRY_ASSIGN_OR_RETURN(const absl::optional<ChannelHead> current,
                            table.FindHead(head.family(), head.name()));
    GANTRY_RETURN_IF_ERROR(
        CheckVersion(head, current.has_value() ? current->version() : 0));
  }
  return absl::OkStatus();
}

}  // namespace gantry::service
