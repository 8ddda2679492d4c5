#ifndef GANTRY_RELEASE_PLAN_CONTAINER_PACKAGES_H_
#define GANTRY_RELEASE_PLAN_CONTAINER_PACKAGES_H_

namespace gantry::plan {

// Names of the packages of a Debian developer container, other than its kernel,
// one per line.  From builder/container/debian, whose rule builds the
// container.
extern const char kContainerPackages[];

// The dpkg status file that their dependencies are resolved with.
extern const char kContainerStatus[];

}  // namespace gantry::plan

#endif  // GANTRY_RELEASE_PLAN_CONTAINER_PACKAGES_H_
