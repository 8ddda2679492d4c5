#include "release/service/web/web_pages.h"

#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
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

// The authorization of an RPC for that of a page: a token that is the password
// of "Basic" (RFC 7617) becomes a bearer token.
std::string BearerOf(const std::string& authorization) {
  absl::string_view encoded = authorization;
  std::string credentials;
  if (!absl::StartsWithIgnoreCase(encoded, "basic ") ||
      !absl::Base64Unescape(encoded.substr(6), &credentials)) {
    return authorization;
  }
  const size_t colon = credentials.find(':');
  if (colon == std::string::npos) return authorization;
  return absl::StrCat("Bearer ", credentials.substr(colon + 1));
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
  HttpResponse response =
      is_json ? JsonResponse(code, object)
              : MakeResponse(code, "text/html; charset=utf-8",
                             RenderPage({absl::StrCat("Error ", code), "", ""},
                                        kErrorTemplate, object));
  // Lets a browser ask for a token.
  if (code == 401) {
    response.headers["WWW-Authenticate"] =
        "Basic realm=\"Gantry: any name, and a token as the password\"";
  }
  return response;
}

}  // namespace

struct WebPages::Page {
  std::string title;
  const char* html_template;
  PageData::Object object;
};

absl::StatusOr<WebPages::Page> WebPages::Find(const std::string& path,
                                              const HttpRequest& request,
                                              PageData& data) {
  const auto make =
      [](std::string title, const char* html_template,
         absl::StatusOr<PageData::Object> object) -> absl::StatusOr<Page> {
    GANTRY_RETURN_IF_ERROR(object.status());
    return Page{std::move(title), html_template, *std::move(object)};
  };
  if (path == "/matrix") {
    return make("Matrix", kMatrixTemplate, data.Matrix(request.parameters));
  }
  if (path == "/failures") {
    return make("Failures", kFailuresTemplate, data.Failures());
  }
  if (path == "/changes") {
    return make("Changes", kChangesTemplate, data.Changes(request.parameters));
  }
  if (path == "/demand") {
    return make("Demand", kDemandTemplate, data.Demand());
  }
  if (path == "/search") {
    return make("Search", kSearchTemplate, data.Search(request.parameters));
  }
  if (absl::StartsWith(path, kCells)) {
    const std::string id = path.substr(kCells.size());
    return make(id, kCellTemplate, data.Cell(id));
  }
  return absl::NotFoundError("there is no such page");
}

HttpResponse WebPages::HandleLog(const std::string& id,
                                 const HttpRequest& request, PageData& data) {
  int64_t attempt = 0;
  const auto parameter = request.parameters.find("attempt");
  if (parameter != request.parameters.end() &&
      !absl::SimpleAtoi(parameter->second, &attempt)) {
    return ErrorResponse(absl::InvalidArgumentError("attempt: not a number"),
                         false);
  }
  absl::StatusOr<std::string> log = data.Log(id, attempt);
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
  PageData data(*stub_, BearerOf(request.authorization), clock_());
  absl::string_view path = request.path;
  if (absl::StartsWith(path, kCells) && absl::ConsumeSuffix(&path, "/log")) {
    return HandleLog(std::string(path.substr(kCells.size())), request, data);
  }
  const bool is_json = absl::ConsumeSuffix(&path, ".json");
  absl::StatusOr<Page> page = Find(std::string(path), request, data);
  if (!page.ok()) return ErrorResponse(page.status(), is_json);
  if (is_json) return JsonResponse(200, page->object);
  const PageFrame frame = {page->title, std::string(path),
                           JsonTarget(path, request.parameters)};
  return MakeResponse(200, "text/html; charset=utf-8",
                      RenderPage(frame, page->html_template, page->object));
}

}  // namespace gantry::service
