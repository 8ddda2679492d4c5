#include "deploy/ci/webhook_receiver.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/file.h"
#include "base/status.h"
#include "base/status_macros.h"

namespace gantry::ci {
namespace {

constexpr char kProgram[] = R"py(
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
  def log_message(self, *unused):
    pass
  def do_POST(self):
    body = self.rfile.read(int(self.headers["Content-Length"]))
    with open(sys.argv[1], "ab") as file:
      file.write(body + b"\n")
    self.send_response(204)
    self.end_headers()
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
)py";

}  // namespace

absl::StatusOr<WebhookReceiver> WebhookReceiver::Start(
    const std::string& path) {
  GANTRY_RETURN_IF_ERROR(WriteFileAtomically(path, ""));
  SubprocessOptions options;
  options.argv = {"python3", "-c", kProgram, path};
  GANTRY_ASSIGN_OR_RETURN(BackgroundProcess process,
                          BackgroundProcess::Start(options));
  const absl::StatusOr<std::string> port = process.ReadLine();
  if (!port.ok()) return Annotate(port.status(), "python3 http.server");
  return WebhookReceiver(std::move(process), path,
                         absl::StrCat("http://127.0.0.1:", *port, "/hook"));
}

std::vector<std::string> WebhookReceiver::Bodies() const {
  const absl::StatusOr<std::string> bodies = ReadFile(path_);
  if (!bodies.ok()) return {bodies.status().ToString()};
  return absl::StrSplit(*bodies, '\n', absl::SkipEmpty());
}

}  // namespace gantry::ci
