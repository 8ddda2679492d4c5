#ifndef GANTRY_PAYLOAD_NODE_HOST_PATHS_H_
#define GANTRY_PAYLOAD_NODE_HOST_PATHS_H_

namespace gantry::node {

// Every name that the installer gives to something on a host.  Paths are
// relative to the host's root, and names to the directory that they are in.

// The directories of installed versions, and in each the link to the version in
// use.
inline constexpr const char* kBases[] = {"opt/nvidia", "opt/cuda"};
inline constexpr char kCurrent[] = "current";

// The file in an installed directory that is written last and holds
// InstallTarget.digest.  No payload may contain a file of this name.
inline constexpr char kReceipt[] = ".gantry-receipt";

// The hidden directories beside the installed versions that an installation is
// staged in, and that what it replaces ends up in.
inline constexpr const char* kStagingNames[] = {".gantry-staging",
                                                ".gantry-staging-2"};

// Our file for ldconfig(8).  No release of the installer changes its first
// line.
inline constexpr char kLdConfDirectory[] = "etc/ld.so.conf.d";
inline constexpr char kLdConfName[] = "gantry.conf";
inline constexpr char kLdConfContent[] =
    "# Written by Gantry's installer.\n"
    "/opt/nvidia/current/lib64\n"
    "/opt/cuda/current/lib64\n";

// Temporary names of `current` and of kLdConfName until they are renamed.  The
// second does not end in ".conf", so that ldconfig does not read it.
inline constexpr char kNewLink[] = ".gantry-current";
inline constexpr char kNewLdConf[] = ".gantry.conf.new";

// Locked while an installer works on the host.
inline constexpr char kLockDirectory[] = "opt";
inline constexpr char kLockName[] = ".gantry.lock";

}  // namespace gantry::node

#endif  // GANTRY_PAYLOAD_NODE_HOST_PATHS_H_
