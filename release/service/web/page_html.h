#ifndef GANTRY_RELEASE_SERVICE_WEB_PAGE_HTML_H_
#define GANTRY_RELEASE_SERVICE_WEB_PAGE_HTML_H_

#include <map>
#include <string>

#include "absl/strings/string_view.h"
#include "google/protobuf/struct.pb.h"

namespace gantry::service {

// What surrounds the content of a page.
struct PageFrame {
  std::string title;
  // Path of the page, which the navigation marks.  Example: "/demand".
  std::string path;
  // Where its JSON form is; empty: there is none.
  std::string json;
};

// The target of a page's JSON form, with the page's parameters.
std::string JsonTarget(absl::string_view path,
                       const std::map<std::string, std::string>& parameters);

// The HTML of a page whose content is a template, filled from an object.  All
// texts of the object are escaped.  Besides the object's fields, the template
// can use "has_<name>" for each list that is not empty.  Within a section for
// an object of a list it sees the fields of that object alone.
std::string RenderPage(const PageFrame& frame, const char* content,
                       const google::protobuf::Struct& object);

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_WEB_PAGE_HTML_H_
