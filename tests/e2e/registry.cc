#include "tests/e2e/registry.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/file.h"
#include "base/http.h"
#include "base/status.h"
#include "base/status_macros.h"

namespace gantry {
namespace {

constexpr absl::Duration kStartTimeout = absl::Seconds(30);
constexpr absl::Duration kPollInterval = absl::Milliseconds(20);

// A port that was free a moment ago: docker-registry cannot choose one itself
// and say which.
absl::StatusOr<int> FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return ErrnoStatus(errno, "socket");
  const absl::Cleanup close_fd = [fd] { close(fd); };
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  sockaddr* const any = reinterpret_cast<sockaddr*>(&address);
  if (bind(fd, any, size) != 0 || getsockname(fd, any, &size) != 0) {
    return ErrnoStatus(errno, "bind");
  }
  return ntohs(address.sin_port);
}

std::string Config(absl::string_view host, absl::string_view directory) {
  return absl::StrCat(
      "version: 0.1\n"
      "log: {level: error, accesslog: {disabled: true}}\n"
      "storage: {filesystem: {rootdirectory: \"",
      directory, "\"}}\nhttp: {addr: \"", host, "\"}\n");
}

absl::Status WaitUntilItAnswers(const std::string& url) {
  const absl::Time deadline = absl::Now() + kStartTimeout;
  while (true) {
    const absl::Status status = HttpGet(url).status();
    if (status.ok() || absl::Now() > deadline) return status;
    absl::SleepFor(kPollInterval);
  }
}

}  // namespace

absl::StatusOr<Registry> Registry::Start(const std::string& directory) {
  GANTRY_ASSIGN_OR_RETURN(const int port, FreePort());
  const std::string host = absl::StrCat("127.0.0.1:", port);
  const std::string config = JoinPath(directory, "config.yml");
  GANTRY_RETURN_IF_ERROR(WriteFileAtomically(config, Config(host, directory)));
  SubprocessOptions options;
  options.argv = {"docker-registry", "serve", config};
  GANTRY_ASSIGN_OR_RETURN(BackgroundProcess process,
                          BackgroundProcess::Start(options));
  Registry registry(std::move(process), host);
  GANTRY_RETURN_IF_ERROR(Annotate(
      WaitUntilItAnswers(absl::StrCat(registry.url(), "/v2/")), "registry"));
  return registry;
}

std::string Registry::url() const { return absl::StrCat("http://", host_); }

std::string Registry::Repository(absl::string_view name) const {
  return absl::StrCat(host_, "/", name);
}

}  // namespace gantry
