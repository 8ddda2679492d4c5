/* A shared library that stands for one of the toolkit's. */
const char* greeting(void) { return "found through /opt/cuda/current"; }
