#include "release/service/http/http_server.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_matchers.h"
#include "base/unique_fd.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry::service {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class HttpServerTest : public testing::Test {
 protected:
  void SetUp() override {
    GANTRY_ASSERT_OK_AND_ASSIGN(
        server_,
        HttpServer::Start("127.0.0.1:0", [](const HttpRequest& request) {
          HttpResponse response;
          response.content_type = "text/plain";
          response.body = request.path;
          for (const auto& [name, value] : request.parameters) {
            absl::StrAppend(&response.body, " ", name, "=", value);
          }
          if (request.path == "/missing") response.status = 404;
          return response;
        }));
  }

  // Sends a request, and returns all that the server answers until it closes
  // the connection.
  std::string Send(const std::string& request) {
    const UniqueFd fd(socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(server_->port()));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(fd.get(), reinterpret_cast<sockaddr*>(&address),
                      sizeof(address)),
              0);
    EXPECT_EQ(write(fd.get(), request.data(), request.size()),
              static_cast<ssize_t>(request.size()));
    std::string answer;
    char buffer[4096];
    for (ssize_t size; (size = read(fd.get(), buffer, sizeof(buffer))) > 0;) {
      answer.append(buffer, static_cast<size_t>(size));
    }
    return answer;
  }

  std::string Get(const std::string& target, const std::string& headers = "",
                  const std::string& method = "GET") {
    return Send(absl::StrCat(method, " ", target, " HTTP/1.1\r\nHost: x\r\n",
                             headers, "Connection: close\r\n\r\n"));
  }

  // The value of the header ETag.
  static std::string TagOf(const std::string& answer) {
    const size_t begin = answer.find("ETag: ");
    if (begin == std::string::npos) return "";
    return answer.substr(begin + 6, answer.find("\r\n", begin) - begin - 6);
  }

  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, PathAndParametersAreDecoded) {
  const std::string answer = Get("/a%20b?x=1%2B2&y&x=3");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(answer, HasSubstr("Content-Type: text/plain\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n/a b x=3 y="));
}

TEST_F(HttpServerTest, SameBodyIsNotSentAgain) {
  const std::string tag = TagOf(Get("/a"));
  ASSERT_FALSE(tag.empty());
  const std::string header = absl::StrCat("If-None-Match: ", tag, "\r\n");
  const std::string again = Get("/a", header);
  EXPECT_THAT(again, StartsWith("HTTP/1.1 304 "));
  EXPECT_THAT(again, EndsWith("\r\n\r\n"));
  EXPECT_EQ(TagOf(again), tag);
  EXPECT_THAT(Get("/a", absl::StrCat("If-None-Match: \"x\", W/", tag, "\r\n")),
              StartsWith("HTTP/1.1 304 "));
  EXPECT_THAT(Get("/b", header), StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpServerTest, ErrorsHaveNoTag) {
  const std::string answer = Get("/missing");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 404 "));
  EXPECT_EQ(TagOf(answer), "");
}

TEST_F(HttpServerTest, HeadHasNoBody) {
  const std::string answer = Get("/a", "", "HEAD");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
}

TEST_F(HttpServerTest, OtherMethodsAreRefused) {
  const std::string answer = Send(
      "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
      "Connection: close\r\n\r\nabc");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(answer, HasSubstr("Allow: GET, HEAD\r\n"));
}

TEST_F(HttpServerTest, LongRequestsAreRefused) {
  EXPECT_THAT(Get(absl::StrCat("/", std::string(64 << 10, 'a'))),
              Not(StartsWith("HTTP/1.1 200 ")));
  EXPECT_THAT(Get("/a"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpServerTest, AddressInUseIsUnavailable) {
  const std::string address = absl::StrCat("127.0.0.1:", server_->port());
  EXPECT_THAT(
      HttpServer::Start(address, nullptr),
      StatusIs(absl::StatusCode::kUnavailable,
               HasSubstr(absl::StrCat("cannot listen on ", address, ": "))));
}

TEST_F(HttpServerTest, MalformedAddressIsInvalid) {
  for (const char* address : {"", "localhost", ":80", "x:y", "x:65536"}) {
    EXPECT_THAT(HttpServer::Start(address, nullptr),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr("is not of the form HOST:PORT")))
        << address;
  }
}

}  // namespace
}  // namespace gantry::service
