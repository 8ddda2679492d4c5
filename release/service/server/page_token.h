#ifndef GANTRY_RELEASE_SERVICE_SERVER_PAGE_TOKEN_H_
#define GANTRY_RELEASE_SERVICE_SERVER_PAGE_TOKEN_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "proto/release_service.pb.h"

namespace gantry::service {

// Returns the token of the page that follows the cell `last_id`, for the filter
// of `request`.  Tokens are opaque to clients.
std::string MakePageToken(const release::v1::ListCellsRequest& request,
                          absl::string_view last_id);

// Returns the `last_id` in request.page_token; empty for the first page.
// INVALID_ARGUMENT, with a BadRequest: the token is malformed or was issued for
// a different filter.
absl::StatusOr<std::string> ParsePageToken(
    const release::v1::ListCellsRequest& request);

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_SERVER_PAGE_TOKEN_H_
