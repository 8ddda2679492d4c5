#include "release/service/store/fragments.h"

#include <utility>

#include "absl/types/optional.h"
#include "base/message_digest.h"
#include "base/proto_time.h"
#include "base/status_macros.h"
#include "proto/event.pb.h"
#include "proto/fragment.pb.h"

namespace gantry::service {

using ::gantry::release::v1::Fragment;

absl::Status PutFragments(CellTable& table,
                          const release::v1::PutFragmentsRequest& request,
                          absl::Time now, release::v1::PutFragmentsResponse&) {
  for (const Fragment& fragment : request.fragments()) {
    GANTRY_ASSIGN_OR_RETURN(const absl::optional<Fragment> known,
                            table.FindFragment(fragment.reference().digest()));
    if (known.has_value() && SerializeDeterministically(*known) ==
                                 SerializeDeterministically(fragment)) {
      continue;
    }
    release::v1::Event event;
    event.set_kind(release::v1::EVENT_KIND_FRAGMENT_PUT);
    *event.mutable_time() = ToTimestamp(now);
    event.set_request_id(request.request_id());
    *event.mutable_fragment() = fragment;
    GANTRY_RETURN_IF_ERROR(table.Append(std::move(event)));
  }
  return absl::OkStatus();
}

}  // namespace gantry::service
