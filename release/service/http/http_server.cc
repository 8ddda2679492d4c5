#include "release/service/http/http_server.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"

namespace gantry::service {
namespace {

constexpr unsigned kThreads = 4;
constexpr unsigned kMaxConnections = 256;
// Of a connection without a complete request.
constexpr unsigned kIdleTimeoutSeconds = 30;
// Of a request's line and headers.
constexpr size_t kMaxRequestBytes = 32 << 10;

struct Address {
  std::string host;
  std::string port;
};

absl::StatusOr<Address> ParseAddress(const std::string& text) {
  const size_t colon = text.rfind(':');
  int port = 0;
  if (colon == std::string::npos || colon == 0 ||
      !absl::SimpleAtoi(text.substr(colon + 1), &port) || port < 0 ||
      port > 65535) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", text, "\" is not of the form HOST:PORT"));
  }
  Address address = {text.substr(0, colon), text.substr(colon + 1)};
  if (address.host.front() == '[' && address.host.back() == ']') {
    address.host = address.host.substr(1, address.host.size() - 2);
  }
  return address;
}

// Lists the first of the host's addresses that can be listened on.
absl::StatusOr<UniqueFd> Listen(const std::string& listen_address) {
  GANTRY_ASSIGN_OR_RETURN(const Address address, ParseAddress(listen_address));
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error =
      getaddrinfo(address.host.c_str(), address.port.c_str(), &hints, &found);
  std::string reason = error == 0 ? "" : gai_strerror(error);
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found,
                                                                 &freeaddrinfo);
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    UniqueFd fd(socket(one->ai_family, one->ai_socktype | SOCK_CLOEXEC,
                       one->ai_protocol));
    const int on = 1;
    if (fd.ok() &&
        setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
        bind(fd.get(), one->ai_addr, one->ai_addrlen) == 0 &&
        listen(fd.get(), SOMAXCONN) == 0) {
      return fd;
    }
    reason = std::strerror(errno);
  }
  return absl::UnavailableError(
      absl::StrCat("cannot listen on ", listen_address, ": ", reason));
}

int PortOf(int fd) {
  sockaddr_storage address = {};
  socklen_t size = sizeof(address);
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.ss_family == AF_INET6
                   ? reinterpret_cast<sockaddr_in6*>(&address)->sin6_port
                   : reinterpret_cast<sockaddr_in*>(&address)->sin_port);
}

MHD_Result AddParameter(void* parameters, MHD_ValueKind, const char* key,
                        const char* value) {
  auto& map = *static_cast<std::map<std::string, std::string>*>(parameters);
  map[key] = value == nullptr ? "" : value;
  return MHD_YES;
}

// Whether a header If-None-Match (RFC 9110, section 13.1.2) has the tag.
bool HasTag(absl::string_view header, absl::string_view tag) {
  for (absl::string_view one : absl::StrSplit(header, ',')) {
    one = absl::StripAsciiWhitespace(one);
    absl::ConsumePrefix(&one, "W/");
    if (one == tag || one == "*") return true;
  }
  return false;
}

MHD_Result Queue(MHD_Connection* connection, const HttpResponse& response) {
  // Copies the body.
  MHD_Response* const answer = MHD_create_response_from_buffer(
      response.body.size(), const_cast<char*>(response.body.data()),
      MHD_RESPMEM_MUST_COPY);
  if (answer == nullptr) return MHD_NO;
  if (!response.content_type.empty()) {
    MHD_add_response_header(answer, MHD_HTTP_HEADER_CONTENT_TYPE,
                            response.content_type.c_str());
  }
  for (const auto& [name, value] : response.headers) {
    MHD_add_response_header(answer, name.c_str(), value.c_str());
  }
  const MHD_Result result = MHD_queue_response(
      connection, static_cast<unsigned>(response.status), answer);
  MHD_destroy_response(answer);
  return result;
}

HttpResponse Answer(const HttpServer& server, MHD_Connection* connection,
                    const char* path, absl::string_view method) {
  if (method != MHD_HTTP_METHOD_GET && method != MHD_HTTP_METHOD_HEAD) {
    HttpResponse refused;
    refused.status = MHD_HTTP_METHOD_NOT_ALLOWED;
    refused.content_type = "text/plain; charset=utf-8";
    refused.body = "only GET and HEAD are supported\n";
    refused.headers = {{MHD_HTTP_HEADER_ALLOW, "GET, HEAD"},
                       {MHD_HTTP_HEADER_CONNECTION, "close"}};
    return refused;
  }
  HttpRequest request;
  request.path = path;
  MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, &AddParameter,
                            &request.parameters);
  const char* const authorization = MHD_lookup_connection_value(
      connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_AUTHORIZATION);
  if (authorization != nullptr) request.authorization = authorization;
  HttpResponse response = server.handler()(request);
  if (response.status != MHD_HTTP_OK) return response;
  const std::string tag =
      absl::StrCat("\"", DigestHex(Sha256Digest(response.body)), "\"");
  const char* const known = MHD_lookup_connection_value(
      connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_IF_NONE_MATCH);
  if (known != nullptr && HasTag(known, tag)) {
    response.status = MHD_HTTP_NOT_MODIFIED;
    response.body.clear();
  }
  response.headers[MHD_HTTP_HEADER_ETAG] = tag;
  return response;
}

MHD_Result Handle(void* server, MHD_Connection* connection, const char* path,
                  const char* method, const char*, const char*,
                  size_t* upload_size, void** state) {
  // The first call is for the headers, the last one without an upload.
  if (*state == nullptr) {
    *state = connection;
    return MHD_YES;
  }
  if (*upload_size != 0) {
    *upload_size = 0;
    return MHD_YES;
  }
  return Queue(connection, Answer(*static_cast<const HttpServer*>(server),
                                  connection, path, method));
}

}  // namespace

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(
    const std::string& listen_address, Handler handler,
    const HttpTlsFiles& tls) {
  std::string certificate, key;
  unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD;
  if (!tls.certificate.empty()) {
    flags |= MHD_USE_TLS;
    GANTRY_ASSIGN_OR_RETURN(certificate, ReadFile(tls.certificate));
    GANTRY_ASSIGN_OR_RETURN(key, ReadFile(tls.key));
  }
  GANTRY_ASSIGN_OR_RETURN(UniqueFd listener, Listen(listen_address));
  std::unique_ptr<HttpServer> server(new HttpServer(std::move(handler)));
  server->port_ = PortOf(listener.get());
  const MHD_OptionItem tls_options[] = {
      {MHD_OPTION_HTTPS_MEM_CERT, 0, certificate.data()},
      {MHD_OPTION_HTTPS_MEM_KEY, 0, key.data()},
      {MHD_OPTION_END, 0, nullptr}};
  server->daemon_ = MHD_start_daemon(
      flags, 0, nullptr, nullptr, &Handle, server.get(),
      MHD_OPTION_LISTEN_SOCKET, listener.get(), MHD_OPTION_THREAD_POOL_SIZE,
      kThreads, MHD_OPTION_CONNECTION_LIMIT, kMaxConnections,
      MHD_OPTION_CONNECTION_TIMEOUT, kIdleTimeoutSeconds,
      MHD_OPTION_CONNECTION_MEMORY_LIMIT, kMaxRequestBytes, MHD_OPTION_ARRAY,
      tls.certificate.empty() ? tls_options + 2 : tls_options, MHD_OPTION_END);
  if (server->daemon_ == nullptr) {
    return absl::UnavailableError(absl::StrCat(
        "cannot serve HTTP on ", listen_address,
        tls.certificate.empty()
            ? ""
            : absl::StrCat(": check ", tls.certificate, " and ", tls.key)));
  }
  // The daemon closes it.
  listener.Release();
  return server;
}

HttpServer::~HttpServer() {
  if (daemon_ != nullptr) MHD_stop_daemon(daemon_);
}

}  // namespace gantry::service
