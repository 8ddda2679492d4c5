#ifndef GANTRY_RELEASE_SERVICE_WEB_PAGE_DATA_H_
#define GANTRY_RELEASE_SERVICE_WEB_PAGE_DATA_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/struct.pb.h"
#include "grpcpp/grpcpp.h"
#include "proto/cell.pb.h"
#include "proto/channel_head.pb.h"
#include "proto/release_service.grpc.pb.h"

namespace gantry::service {

// Reads from a release service what its web pages show.  Each page is one
// object, which is also its JSON form: texts, numbers as texts, booleans, and
// lists of objects.  A field without a value is absent.  Times are in RFC 3339,
// in whole seconds.
//
// Errors: those of the service.  INVALID_ARGUMENT: a parameter of the page is
// malformed.
class PageData {
 public:
  using Object = google::protobuf::Struct;
  using Parameters = std::map<std::string, std::string>;

  using Stub = release::v1::ReleaseService::Stub;

  // Calls with this authorization, unless it is empty.  `stub` must outlive
  // this object.
  PageData(Stub& stub, std::string authorization, absl::Time now)
      : stub_(stub), authorization_(std::move(authorization)), now_(now) {}

  // The newest releases of each channel, and the states of their cells.
  // Parameters: `channel` shows more releases, of that channel alone; `skip`,
  // how many of them to skip.
  absl::StatusOr<Object> Matrix(const Parameters& parameters);

  // A cell with its recipe, revisions, proof and attempts.  NOT_FOUND: unknown.
  absl::StatusOr<Object> Cell(absl::string_view id);

  // Cells that failed or are blocked, by cause.
  absl::StatusOr<Object> Failures();

  // Cells that nodes asked for in vain, most wanted first.
  absl::StatusOr<Object> Demand();

  // Events of the days `from` to `to`, "YYYY-MM-DD" in UTC and inclusive;
  // default: yesterday and today.  `after`: the sequence to continue after.
  absl::StatusOr<Object> Changes(const Parameters& parameters);

  // Cells whose id, OS release, driver version or toolkit version begins with
  // `q`.
  absl::StatusOr<Object> Search(const Parameters& parameters);

  // The log of an attempt; `attempt` 0: the newest that has one.  NOT_FOUND: no
  // such cell, attempt or log.
  absl::StatusOr<std::string> Log(absl::string_view id, int64_t attempt);

 private:
  template <typename Request, typename Response>
  absl::StatusOr<Response> Call(
      grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                   Response*),
      const Request& request);

  // All cells in these states.
  absl::StatusOr<std::vector<release::v1::Cell>> ListCells(
      const std::vector<release::v1::CellState>& states);

  // The sequence of the last event before a time; 0: there is none.
  absl::StatusOr<int64_t> LastEventBefore(absl::Time time);

  // Adds the releases of `head` from number `skip` on.
  absl::Status AddReleases(const release::v1::ChannelHead& head, int skip,
                           int limit, Object& channel);

  Stub& stub_;
  const std::string authorization_;
  const absl::Time now_;
};

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_WEB_PAGE_DATA_H_
