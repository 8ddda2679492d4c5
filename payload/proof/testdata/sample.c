/*
 * A small module with the sections that the static check reads, as modpost and
 * the compiler produce them, but without a kernel tree.  VERSIONS: as with
 * CONFIG_MODVERSIONS.  EXTENDED: as with CONFIG_EXTENDED_MODVERSIONS.
 */
#define MODINFO_NAME2(line) modinfo_##line
#define MODINFO_NAME(line) MODINFO_NAME2(line)
#define MODINFO(text)                                                  \
  static const char MODINFO_NAME(__LINE__)[]                           \
      __attribute__((section(".modinfo"), used, aligned(1))) = text

MODINFO("license=GPL");
MODINFO("import_ns=SAMPLE_NS");
MODINFO("import_ns=OTHER_NS");
MODINFO("depends=i2c-core,drm");
MODINFO("name=sample");
MODINFO("vermagic=6.1.0-test SMP mod_unload ");

extern int needed(int);
extern int also_needed(int);
extern int optional(int) __attribute__((weak));

int sample(int value);

int sample(int value) {
  if (optional) value = optional(value);
  return also_needed(needed(value));
}

#ifdef VERSIONS
struct modversion_info {
  unsigned long crc;
  char name[56];
};
static const struct modversion_info versions[]
    __attribute__((section("__versions"), used)) = {
        {0xaaaa0001, "needed"},
        {0xaaaa0002, "also_needed"},
        {0xaaaa0003, "module_layout"},
};
#endif

#ifdef EXTENDED
static const unsigned int crcs[]
    __attribute__((section("__version_ext_crcs"), used)) = {
        0xaaaa0001, 0xaaaa0002, 0xaaaa0003};
static const char names[]
    __attribute__((section("__version_ext_names"), used, aligned(1))) =
        "needed\0also_needed\0module_layout";
#endif
