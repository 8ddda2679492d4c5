#include "builder/modules/first_error.h"

#include "gtest/gtest.h"

namespace gantry::modules {
namespace {

struct Case {
  const char* name;
  const char* log;
  const char* first_error;
};

// Cut from logs of Debian's 6.1.0-56-cloud-amd64 with gcc 12 and make 4.3,
// except where a comment says otherwise.
const Case kCases[] = {
    {"Compiler",
     R"(  CC [M]  /build/nvidia/nv-pat.o
/build/nvidia/nv-pci.c: In function 'nv_resize_pcie_bars':
/build/nvidia/nv-pci.c:223:9: error: too few arguments to function 'pci_resize_resource'
  223 |     r = pci_resize_resource(pci_dev, NV_GPU_BAR1, requested_size);
      |         ^~~~~~~~~~~~~~~~~~~
In file included from /build/common/inc/nv-pci.h:28,
                 from /build/nvidia/nv-pci.c:24:
/usr/lib/modules/6.1.0-56-cloud-amd64/source/include/linux/pci.h:1388:18: note: declared here
make[2]: *** [/usr/src/linux-headers-6.1.0-56-common/scripts/Makefile.build:255: /build/nvidia/nv-pci.o] Error 1
make: *** [Makefile:82: modules] Error 2
)",
     "nvidia/nv-pci.c:223: too few arguments to function "
     "'pci_resize_resource'"},
    {"MissingHeader",
     R"(  CC [M]  /build/hello.o
/build/hello.c:4:10: fatal error: linux/no_such_header.h: No such file or directory
    4 | #include <linux/no_such_header.h>
      |          ^~~~~~~~~~~~~~~~~~~~~~~~
compilation terminated.
make[1]: *** [/usr/src/linux-headers-6.1.0-56-common/scripts/Makefile.build:255: /build/hello.o] Error 1
)",
     "hello.c:4: linux/no_such_header.h: No such file or directory"},
    {"Modpost",
     R"(  CC [M]  /build/hello.o
  MODPOST /build/Module.symvers
ERROR: modpost: "hello_core_count" [/build/hello.ko] undefined!
make[1]: *** [/usr/src/linux-headers-6.1.0-56-common/scripts/Makefile.modpost:127: /build/Module.symvers] Error 1
make: *** [/usr/src/linux-headers-6.1.0-56-common/Makefile:2017: modpost] Error 2
)",
     "ERROR: modpost: \"hello_core_count\" [/build/hello.ko] undefined!"},
    {"Assembler",
     R"(  CC [M]  /build/hello.o
/tmp/ccyBTn0V.s: Assembler messages:
/tmp/ccyBTn0V.s:7: Error: no such instruction: `frobnicate %eax'
make[1]: *** [/usr/src/linux-headers-6.1.0-56-common/scripts/Makefile.build:255: /build/hello.o] Error 1
)",
     "/tmp/ccyBTn0V.s:7: no such instruction: `frobnicate %eax'"},
    {"NoRule",
     R"(make[1]: *** No rule to make target '/build/hello_core.o', needed by '/build/'.  Stop.
make: *** [/usr/src/linux-headers-6.1.0-56-common/Makefile:2065: /build] Error 2
)",
     "No rule to make target '/build/hello_core.o', needed by '/build/'."},
    {"ErrorInMakefile",
     R"(/build/Kbuild:2: *** NVIDIA is not here.  Stop.
make: *** [/usr/src/linux-headers-6.1.0-56-common/Makefile:2065: /build] Error 2
)",
     "Kbuild:2: NVIDIA is not here."},
    // Output of gcc and make when the kernel's OOM killer takes cc1.
    {"OutOfMemory",
     R"(  CC [M]  /build/nvidia/nv.o
gcc-12: fatal error: Killed signal terminated program cc1
compilation terminated.
make[2]: *** [/usr/src/linux-headers-6.1.0-56-common/scripts/Makefile.build:255: /build/nvidia/nv.o] Error 1
)",
     "gcc-12: fatal error: Killed signal terminated program cc1"},
    {"LinkerKilled",
     R"(  LD [M]  /build/nvidia.o
make[2]: *** [/usr/src/linux-headers-6.1.0-56-common/scripts/Makefile.build:466: /build/nvidia.o] Killed
make[1]: *** [/usr/src/linux-headers-6.1.0-56-common/Makefile:2065: /build] Error 2
)",
     "[/usr/src/linux-headers-6.1.0-56-common/scripts/Makefile.build:466: "
     "/build/nvidia.o] Killed"},
    // Output of conftest.sh 535.261.03.
    {"ConftestSanityCheck",
     R"( CONFTEST: cc_version_check
 CONFTEST: module_symvers_sanity_check
The Module.symvers file is missing, or does not contain any
symbols exported from the kernel. This could cause the NVIDIA
make[1]: *** [/build/Kbuild:324: module_symvers_sanity_check] Error 1
)",
     "The Module.symvers file is missing, or does not contain any"},
    {"DiskFull",
     R"(  LD [M]  /build/nvidia.ko
ld: final link failed: No space left on device
make[2]: *** [/build/nvidia.ko] Error 1
)",
     "ld: final link failed: No space left on device"},
    {"MissingProgram",
     R"(/bin/sh: 1: flex: not found
make[1]: *** [Makefile:9: lexer.c] Error 127
)",
     "/bin/sh: 1: flex: not found"},
    {"OnlyMakeReportsAnError",
     "  CC [M]  a.o\nmake: *** [Makefile:3: all] Error 2\n",
     "[Makefile:3: all] Error 2"},
    {"UnknownFormReturnsTheLastLine", "what?\nsomething went wrong\n\n",
     "something went wrong"},
    {"EmptyLog", "", ""},
};

class FindFirstErrorTest : public ::testing::TestWithParam<Case> {};

TEST_P(FindFirstErrorTest, FindsTheError) {
  EXPECT_EQ(FindFirstError(GetParam().log), GetParam().first_error);
}

INSTANTIATE_TEST_SUITE_P(Logs, FindFirstErrorTest, ::testing::ValuesIn(kCases),
                         [](const ::testing::TestParamInfo<Case>& info) {
                           return info.param.name;
                         });

TEST(FindFirstErrorTest, WarningsAndFailedConftestsAreNotErrors) {
  EXPECT_EQ(FindFirstError(R"( CONFTEST: no_such_error
warning: the compiler differs from the one used to build the kernel
/build/a.c:1:1: warning: unused variable 'error' [-Wunused-variable]
/build/b.c:2:2: error: expected ';' before '}' token
)"),
            "b.c:2: expected ';' before '}' token");
}

}  // namespace
}  // namespace gantry::modules
