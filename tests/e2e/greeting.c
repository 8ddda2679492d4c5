/* A shared library in place of one of the toolkit. */
const char* greeting(void) { return "found through /opt/cuda/current"; }
