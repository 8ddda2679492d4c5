// Calls the CUDA runtime that the dynamic linker finds, and prints what it
// says and where it lies.  Built without CUDA: the function is declared here
// and looked up by name (CUDA Runtime API, "Error Handling"; it is one of the
// few that need neither driver nor GPU).

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>

#define ERROR_NO_DEVICE 100  // cudaErrorNoDevice.

int main(void) {
  void* const runtime = dlopen("libcudart.so.11.0", RTLD_NOW);
  if (runtime == NULL) {
    fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  const char* (*describe)(int) =
      (const char* (*)(int))dlsym(runtime, "cudaGetErrorString");
  Dl_info place;
  if (describe == NULL || dladdr((void*)describe, &place) == 0) return 2;
  printf("%s\n%s\n", describe(ERROR_NO_DEVICE), place.dli_fname);
  return 0;
}
