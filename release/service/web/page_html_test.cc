#include "release/service/web/page_html.h"

#include <string>

#include "base/json.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "google/protobuf/struct.pb.h"
#include "gtest/gtest.h"

namespace gantry::service {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string Render(const char* content, const std::string& json) {
  google::protobuf::Struct object;
  EXPECT_THAT(ParseJson(json, "object", object), IsOk());
  return RenderPage({"Title", "/demand", "/demand.json"}, content, object);
}

TEST(PageHtmlTest, TextsAreEscaped) {
  const std::string html = Render("<p title=\"{{text}}\">{{text}}</p>",
                                  R"({"text": "<a href='x'>&\""})");
  EXPECT_THAT(html, Not(HasSubstr("<a href='x'>")));
  EXPECT_THAT(html, HasSubstr("&lt;a href=&apos;x&apos;&gt;&amp;&quot;"));
}

TEST(PageHtmlTest, ObjectsOfListsDoNotShowFieldsOfThePage) {
  EXPECT_THAT(
      Render("{{#list}}[{{name}}{{#reason}}: {{reason}}{{/reason}}]{{/list}}",
             R"({"reason": "outer", "list": [
                  {"name": "a"}, {"name": "b", "reason": "inner"}]})"),
      HasSubstr("[a][b: inner]"));
}

TEST(PageHtmlTest, ListsTellWhetherTheyAreEmpty) {
  const char kTemplate[] =
      "{{#has_list}}some{{/has_list}}{{^has_list}}none{{/has_list}}";
  EXPECT_THAT(Render(kTemplate, R"({"list": ["a"]})"), HasSubstr("some"));
  EXPECT_THAT(Render(kTemplate, R"({"list": []})"), HasSubstr("none"));
  EXPECT_THAT(Render(kTemplate, "{}"), HasSubstr("none"));
}

TEST(PageHtmlTest, NavigationMarksThePage) {
  const std::string html = Render("", "{}");
  EXPECT_THAT(
      html, HasSubstr("<a href=\"/demand\" aria-current=\"page\">Demand</a>"));
  EXPECT_THAT(html, HasSubstr("<a href=\"/matrix\">Matrix</a>"));
  EXPECT_THAT(html, HasSubstr("<a href=\"/demand.json\">"));
}

TEST(PageHtmlTest, JsonTargetHasTheParameters) {
  EXPECT_EQ(JsonTarget("/demand", {}), "/demand.json");
  EXPECT_EQ(JsonTarget("/search", {{"a", "1"}, {"q", "a b&c=\"d\""}}),
            "/search.json?a=1&q=a%20b%26c%3D%22d%22");
}

}  // namespace
}  // namespace gantry::service
