#ifndef GANTRY_RELEASE_SERVICE_WEB_WEB_PAGES_H_
#define GANTRY_RELEASE_SERVICE_WEB_WEB_PAGES_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "grpcpp/grpcpp.h"
#include "proto/release_service.grpc.pb.h"
#include "release/service/http/http_server.h"
#include "release/service/web/page_data.h"

namespace gantry::service {

// The web pages of a release service, which read through its RPCs.  Every page
// works without JavaScript, and has a JSON form: "/demand" is also
// "/demand.json".  The service decides who may read: a page is requested with a
// token, as "Bearer" or, in browsers, as the password of "Basic".  Thread-safe.
//
//   /matrix            the states of the newest cells of each channel
//   /cells/ID          a cell: recipe, revisions, proof, attempts
//   /cells/ID/log      the log of an attempt, as text
//   /failures          failed and blocked cells by cause
//   /changes           what happened on some days
//   /demand            what nodes asked for in vain
//   /search            cells by the beginnings of their versions
class WebPages {
 public:
  explicit WebPages(std::shared_ptr<grpc::Channel> channel,
                    std::function<absl::Time()> clock = absl::Now)
      : stub_(release::v1::ReleaseService::NewStub(std::move(channel))),
        clock_(std::move(clock)) {}

  HttpResponse Handle(const HttpRequest& request);

 private:
  struct Page;

  // The page at a path without ".json".  NOT_FOUND: there is none.
  static absl::StatusOr<Page> Find(const std::string& path,
                                   const HttpRequest& request, PageData& data);

  static HttpResponse HandleLog(const std::string& id,
                                const HttpRequest& request, PageData& data);

  const std::unique_ptr<PageData::Stub> stub_;
  const std::function<absl::Time()> clock_;
};

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_WEB_WEB_PAGES_H_
