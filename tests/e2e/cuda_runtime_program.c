// Calls the CUDA runtime that the dynamic linker finds, and prints the result and
// the library's path.  cudaGetErrorString (CUDA Runtime API, "Error Handling")
// needs neither a driver nor a GPU; it is looked up by name, so that this program
// builds without CUDA.

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
  Dl_info library;
  if (describe == NULL || dladdr((void*)describe, &library) == 0) return 2;
  printf("%s\n%s\n", describe(ERROR_NO_DEVICE), library.dli_fname);
  return 0;
}
