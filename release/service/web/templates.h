#ifndef GANTRY_RELEASE_SERVICE_WEB_TEMPLATES_H_
#define GANTRY_RELEASE_SERVICE_WEB_TEMPLATES_H_

namespace gantry::service {

// Mustache templates (mustache.github.io/mustache.5.html) of the web pages, for
// the objects of PageData.

// The frame of every page: "title", "nav" (a list of "href", "name" and
// "current"), "json" (the page's JSON form, or absent), "q", and "body", which
// is HTML.
extern const char kLayoutTemplate[];

extern const char kMatrixTemplate[];
extern const char kCellTemplate[];
extern const char kFailuresTemplate[];
extern const char kDemandTemplate[];
extern const char kChangesTemplate[];
extern const char kSearchTemplate[];
// "message".
extern const char kErrorTemplate[];

extern const char kStyleSheet[];

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_WEB_TEMPLATES_H_
