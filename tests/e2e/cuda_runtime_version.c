// Prints the version of the CUDA runtime that the dynamic linker finds.  Built
// without CUDA: the runtime's only function needed here is declared and loaded
// by name (CUDA Runtime API, "Version Management").

#include <dlfcn.h>
#include <stdio.h>

int main(void) {
  void* const runtime = dlopen("libcudart.so.11.0", RTLD_NOW);
  if (runtime == NULL) {
    fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  int (*get_version)(int*) =
      (int (*)(int*))dlsym(runtime, "cudaRuntimeGetVersion");
  int version = 0;
  if (get_version == NULL || get_version(&version) != 0) return 2;
  printf("%d\n", version);
  return 0;
}
