#ifndef GANTRY_RELEASE_SERVICE_STORE_SIBLINGS_H_
#define GANTRY_RELEASE_SERVICE_STORE_SIBLINGS_H_

#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "proto/cell.pb.h"

namespace gantry::service {

// Which cells are not to be built while their siblings fail alike, so that not
// every kernel has to show again that a driver does not support it.  Pure.
//
// `cells` are the wanted cells of one driver: of one architecture, product,
// version and flavour.  Returns the reasons of the cells that are to be
// blocked, by id.  Only planned and blocked cells are.
//
// All cells of one OS release, which share their modules, are one *unit*.  It
// passes if one of them is built; otherwise it fails if one of them failed
// deterministically in the stage "container", "compile" or "proof".  The units
// of one kernel series are compared:
//
// - Nothing is blocked before two units have failed with one fingerprint.
//   Units that failed with such a fingerprint are called failures here.
// - Up to the newest unit that passes, nothing is blocked.
// - Between that one and the oldest failure above it, only the unit halfway is
//   tried; if none passes, only the oldest.
// - From that failure on, only the newest unit is tried.
//
// So a driver that supports kernels up to some version, and fails with one
// fingerprint above it, fails on at most 4 + log2(n) of n kernels, and is built
// for all that it supports.
//
// Cells whose unblocked_recipe_digest is their wanted recipe, and cells without
// a recipe, are never blocked.
std::map<std::string, std::string> FindBlocked(
    const std::vector<release::v1::Cell>& cells);

// The series of a kernel: its major and minor version and the variant, as in
// "6.1 cloud-amd64" for "6.1.0-56-cloud-amd64".  Empty if the release does not
// start with two numbers.
//
// FindBlocked() takes an OS release whose kernel is not known yet to be of the
// series of the next older release in one of its channels.
std::string KernelSeries(absl::string_view kernel_release);

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_STORE_SIBLINGS_H_
