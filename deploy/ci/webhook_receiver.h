#ifndef GANTRY_DEPLOY_CI_WEBHOOK_RECEIVER_H_
#define GANTRY_DEPLOY_CI_WEBHOOK_RECEIVER_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "base/subprocess.h"

namespace gantry::ci {

// An HTTP server on a free port of 127.0.0.1 that accepts every POST, until
// this object is destroyed.
class WebhookReceiver {
 public:
  // Keeps the bodies in the file `path`.  The server accepts requests once this
  // returns.
  static absl::StatusOr<WebhookReceiver> Start(const std::string& path);

  const std::string& url() const { return url_; }

  // The bodies of all requests that have been answered, in order.  A body has
  // no newlines.
  std::vector<std::string> Bodies() const;

 private:
  WebhookReceiver(BackgroundProcess process, std::string path, std::string url)
      : process_(std::move(process)),
        path_(std::move(path)),
        url_(std::move(url)) {}

  BackgroundProcess process_;
  std::string path_;
  std::string url_;
};

}  // namespace gantry::ci

#endif  // GANTRY_DEPLOY_CI_WEBHOOK_RECEIVER_H_
