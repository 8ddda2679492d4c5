#ifndef GANTRY_BASE_VERSION_H_
#define GANTRY_BASE_VERSION_H_

namespace gantry {

// Version of Gantry (semver.org), as in CHANGELOG.md.  Must not become part of
// an image: what a payload is made of decides its bytes, not who made it.
inline constexpr char kVersion[] = "0.2.0";

}  // namespace gantry

#endif  // GANTRY_BASE_VERSION_H_
