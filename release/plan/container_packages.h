#ifndef GANTRY_RELEASE_PLAN_CONTAINER_PACKAGES_H_
#define GANTRY_RELEASE_PLAN_CONTAINER_PACKAGES_H_

namespace gantry::plan {

// What a Debian developer container holds besides its kernel: names of
// packages, one a line.  From builder/container/debian, whose rule makes it.
extern const char kContainerPackages[];

// The dpkg status that its dependencies are resolved against.
extern const char kContainerStatus[];

}  // namespace gantry::plan

#endif  // GANTRY_RELEASE_PLAN_CONTAINER_PACKAGES_H_
