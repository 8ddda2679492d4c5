#include "release/service/web/web_pages.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "base/json.h"
#include "base/status_macros.h"
#include "google/protobuf/struct.pb.h"
#include "release/service/web/page_html.h"
#include "release/service/web/templates.h"

namespace gantry::service {
namespace {

constexpr absl::string_view kCells = "/cells/";

int HttpStatusOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
      return 400;
    case absl::StatusCode::kUnauthenticated:
      return 401;
    case absl::StatusCode::kPermissionDenied:
      return 403;
    case absl::StatusCode::kNotFound:
      return 404;
    case absl::StatusCode::kResourceExhausted:
      return 429;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      return 503;
    default:
      return 500;
  }
}

// Headers of every response.  Nothing is loaded from elsewhere, and a browser
// asks again before it shows what it has cached.
void SetHeaders(HttpResponse& response) {
  response.headers["Cache-Control"] = "no-cache";
  response.headers["Content-Security-Policy"] =
      "default-src 'none'; style-src 'self'; form-action 'self'; "
      "frame-ancestors 'none'; base-uri 'none'";
  response.headers["X-Content-Type-Options"] = "nosniff";
  response.headers["Referrer-Policy"] = "same-origin";
}

HttpResponse MakeResponse(int status, const char* content_type,
                          std::string body) {
  HttpResponse response;
  response.status = status;
  response.content_type = content_type;
  response.body = std::move(body);
  SetHeaders(response);
  return response;
}

HttpResponse JsonResponse(int status, const google::protobuf::Struct& object) {
  absl::StatusOr<std::string> json = FormatJson(object);
  if (!json.ok()) {
    return MakeResponse(500, "text/plain; charset=utf-8",
                        absl::StrCat(json.status().message(), "\n"));
  }
  return MakeResponse(status, "application/json", *std::move(json));
}

HttpResponse ErrorResponse(const absl::Status& status, bool is_json) {
  google::protobuf::Struct object;
  (*object.mutable_fields())["message"].set_string_value(
      std::string(status.message()));
  const int code = HttpStatusOf(status);
  if (is_json) return JsonResponse(code, object);
  return MakeResponse(code, "text/html; charset=utf-8",
                      RenderPage({absl::StrCat("Error ", code), "", ""},
                                 kErrorTemplate, object));
}

}  // namespace

struct WebPages::Page {
  std::string title;
  const char* html_template;
  PageData::Object object;
};

absl::StatusOr<WebPages::Page> WebPages::Find(const std::string& path,
                                              const HttpRequest& request) {
  const auto make =
      [](std::string title, const char* html_template,
         absl::StatusOr<PageData::Object> object) -> absl::StatusOr<Page> {
    GANTRY_RETURN_IF_ERROR(object.status());
    return Page{std::move(title), html_template, *std::move(object)};
  };
  if (path == "/matrix") {
    return make("Matrix", kMatrixTemplate, data_.Matrix(request.parameters));
  }
  if (path == "/failures") {
    return make("Failures", kFailuresTemplate, data_.Failures());
  }
  if (path == "/changes") {
    return make("Changes", kChangesTemplate, data_.Changes(request.parameters));
  }
  if (path == "/demand") {
    return make("Demand", kDemandTemplate, data_.Demand());
  }
  if (path == "/search") {
    return make("Search", kSearchTemplate, data_.Search(request.parameters));
  }
  if (absl::StartsWith(path, kCells)) {
    const std::string id = path.substr(kCells.size());
    return make(id, kCellTemplate, data_.Cell(id));
  }
  return absl::NotFoundError("there is no such page");
}

HttpResponse WebPages::HandleLog(const std::string& id,
                                 const HttpRequest& request) {
  int64_t attempt = 0;
  const auto parameter = request.parameters.find("attempt");
  if (parameter != request.parameters.end() &&
      !absl::SimpleAtoi(parameter->second, &attempt)) {
    return ErrorResponse(absl::InvalidArgumentError("attempt: not a number"),
                         false);
  }
  absl::StatusOr<std::string> log = data_.Log(id, attempt);
  if (!log.ok()) return ErrorResponse(log.status(), false);
  return MakeResponse(200, "text/plain; charset=utf-8", *std::move(log));
}

HttpResponse WebPages::Handle(const HttpRequest& request) {
  if (request.path == "/") {
    HttpResponse response = MakeResponse(302, "text/plain; charset=utf-8", "");
    response.headers["Location"] = "/matrix";
    return response;
  }
  if (request.path == "/style.css") {
    return MakeResponse(200, "text/css; charset=utf-8", kStyleSheet);
  }
  absl::string_view path = request.path;
  if (absl::StartsWith(path, kCells) && absl::ConsumeSuffix(&path, "/log")) {
    return HandleLog(std::string(path.substr(kCells.size())), request);
  }
  const bool is_json = absl::ConsumeSuffix(&path, ".json");
  absl::StatusOr<Page> page = Find(std::string(path), request);
  if (!page.ok()) return ErrorResponse(page.status(), is_json);
  if (is_json) return JsonResponse(200, page->object);
  const PageFrame frame = {page->title, std::string(path),
                           JsonTarget(path, request.parameters)};
  return MakeResponse(200, "text/html; charset=utf-8",
                      RenderPage(frame, page->html_template, page->object));
}

}  // namespace gantry::service
