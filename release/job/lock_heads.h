#ifndef GANTRY_RELEASE_JOB_LOCK_HEADS_H_
#define GANTRY_RELEASE_JOB_LOCK_HEADS_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "proto/cell_plan.pb.h"
#include "proto/channel_head.pb.h"
#include "proto/fragment.pb.h"
#include "proto/lock.pb.h"
#include "proto/matrix.pb.h"

namespace gantry::job {

// A channel's name is unique only within its family.
using ChannelKey = std::pair<matrix::v1::Family, std::string>;

using Heads = std::map<ChannelKey, release::v1::ChannelHead>;

// Of a message with the fields `family` and `name`.
template <typename Channel>
ChannelKey KeyOf(const Channel& channel) {
  return {channel.family(), channel.name()};
}

// The heads, without versions, that a lock gives to those of its channels that
// are in `channels`; to all if that is empty.  `plans` are the plans of the
// lock's cells, and `fragments` are the fragments of the lock.
Heads HeadsOfLock(const matrix::v1::Lock& lock,
                  const std::vector<release::v1::CellPlan>& plans,
                  const std::vector<release::v1::Fragment>& fragments,
                  const std::vector<std::string>& channels);

}  // namespace gantry::job

#endif  // GANTRY_RELEASE_JOB_LOCK_HEADS_H_
