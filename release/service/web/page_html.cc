#include "release/service/web/page_html.h"

#include <kainjow/mustache.hpp>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "release/service/web/templates.h"

namespace gantry::service {
namespace {

using ::google::protobuf::Struct;
using ::google::protobuf::Value;
using ::kainjow::mustache::data;
using ::kainjow::mustache::mustache;

using Names = std::set<std::string>;

data ToData(const Struct& object, Names outer);

data ToData(const Value& value, const Names& outer) {
  switch (value.kind_case()) {
    case Value::kBoolValue:
      return data(value.bool_value() ? data::type::bool_true
                                     : data::type::bool_false);
    case Value::kStructValue:
      return ToData(value.struct_value(), outer);
    case Value::kListValue: {
      data list(data::type::list);
      for (const Value& entry : value.list_value().values()) {
        list.push_back(ToData(entry, outer));
      }
      return list;
    }
    default:
      return data(value.string_value());
  }
}

// Mustache looks names up in the outer objects, too: those that this object
// lacks are hidden.
data ToData(const Struct& object, Names outer) {
  data result(data::type::object);
  for (const std::string& name : outer) {
    result.set(name, data(data::type::bool_false));
  }
  for (const auto& field : object.fields()) outer.insert(field.first);
  for (const auto& [name, value] : object.fields()) {
    result.set(name, ToData(value, outer));
    if (value.has_list_value() && !value.list_value().values().empty()) {
      result.set(absl::StrCat("has_", name), data(data::type::bool_true));
    }
  }
  return result;
}

struct Link {
  const char* path;
  const char* name;
};
constexpr Link kNavigation[] = {
    {"/matrix", "Matrix"},
    {"/failures", "Failures"},
    {"/changes", "Changes"},
    {"/demand", "Demand"},
};

data Navigation(const std::string& path) {
  data links(data::type::list);
  for (const Link& link : kNavigation) {
    data entry(data::type::object);
    entry.set("href", data(std::string(link.path)));
    entry.set("name", data(std::string(link.name)));
    entry.set("current", data(path == link.path ? data::type::bool_true
                                                : data::type::bool_false));
    links.push_back(entry);
  }
  return links;
}

// Percent-encoding of all but the unreserved characters (RFC 3986).
std::string Encode(absl::string_view text) {
  std::string encoded;
  for (const char c : text) {
    if (absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' ||
        c == '.' || c == '_' || c == '~') {
      encoded.push_back(c);
    } else {
      absl::StrAppendFormat(&encoded, "%%%02X", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

}  // namespace

std::string JsonTarget(absl::string_view path,
                       const std::map<std::string, std::string>& parameters) {
  std::string target = absl::StrCat(path, ".json");
  const char* separator = "?";
  for (const auto& [name, value] : parameters) {
    absl::StrAppend(&target, separator, Encode(name), "=", Encode(value));
    separator = "&";
  }
  return target;
}

std::string RenderPage(const PageFrame& frame, const char* content,
                       const Struct& object) {
  const data fields = ToData(object, {});
  mustache body{std::string(content)};
  data layout(data::type::object);
  layout.set("title", data(frame.title));
  layout.set("nav", Navigation(frame.path));
  if (!frame.json.empty()) layout.set("json", data(frame.json));
  if (frame.path == "/search") {
    const data* const text = fields.get("q");
    if (text != nullptr) layout.set("q", *text);
  }
  layout.set("body", data(body.render(fields)));
  mustache page{std::string(kLayoutTemplate)};
  return page.render(layout);
}

}  // namespace gantry::service
