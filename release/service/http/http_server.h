#ifndef GANTRY_RELEASE_SERVICE_HTTP_HTTP_SERVER_H_
#define GANTRY_RELEASE_SERVICE_HTTP_HTTP_SERVER_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"

struct MHD_Daemon;

namespace gantry::service {

// A GET or HEAD request.
struct HttpRequest {
  // Percent-decoded, from the slash on, without the query.  Example: "/demand".
  std::string path;
  // Percent-decoded parameters of the query; of those with one name, the last.
  std::map<std::string, std::string> parameters;
  // The header Authorization (RFC 9110, section 11.6.2); may be empty.
  std::string authorization;
};

// Files in PEM, read once.
struct HttpTlsFiles {
  // With the chain of its issuers.  Empty: no TLS.
  std::string certificate;
  std::string key;
};

struct HttpResponse {
  int status = 200;
  // Example: "text/html; charset=utf-8".
  std::string content_type;
  std::string body;
  // Further headers by name.  Example: {"Location", "/demand"}.
  std::map<std::string, std::string> headers;
};

// Answers HTTP/1.1 requests.  Each response with status 200 has an ETag (RFC
// 9110, section 8.8.3) that is a digest of its body; a request that has the
// same gets 304 without a body.  Methods other than GET and HEAD are refused
// with 405, and connections beyond 256 are closed.  Thread-safe.
class HttpServer {
 public:
  // Called on several threads.
  using Handler = std::function<HttpResponse(const HttpRequest&)>;

  // `listen_address` is "HOST:PORT", or "[HOST]:PORT" for IPv6; port 0 selects
  // a free one.  INVALID_ARGUMENT: it has another form.  UNAVAILABLE: the
  // server cannot listen there.  Also the errors of reading the files of `tls`.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(
      const std::string& listen_address, Handler handler,
      const HttpTlsFiles& tls = {});

  // Waits for requests in flight.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  int port() const { return port_; }

  const Handler& handler() const { return handler_; }

 private:
  explicit HttpServer(Handler handler) : handler_(std::move(handler)) {}

  const Handler handler_;
  int port_ = 0;
  MHD_Daemon* daemon_ = nullptr;
};

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_HTTP_HTTP_SERVER_H_
