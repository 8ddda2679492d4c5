"""kernel_modules: compiles kernel modules in a developer container."""

load("//builder:providers.bzl", "DeveloperContainerInfo", "KernelModulesInfo", "KernelPatchInfo")

# Numbers of DriverFlavour in coordinates.proto: proto.encode_text() would quote its names.
_FLAVOURS = {
    "": 0,
    "open": 1,
    "proprietary": 2,
}

def _source_files(srcs):
    """SourceFile messages: destinations are relative to the Kbuild file or Makefile."""
    tops = sorted([f.short_path.rpartition("/")[0] for f in srcs if f.basename in ["Kbuild", "Makefile"]])
    if not tops:
        fail("srcs: no Kbuild file or Makefile")
    top = tops[0] + "/" if tops[0] else ""
    for f in srcs:
        if not f.short_path.startswith(top):
            fail("srcs: %s does not lie below %s, where the Kbuild file is" % (f.short_path, top))
    return [struct(path = f.path, destination = f.short_path[len(top):]) for f in srcs]

def _kernel_modules_impl(ctx):
    if bool(ctx.file.source) == bool(ctx.files.srcs):
        fail("source and srcs: give exactly one")
    source_files = _source_files(ctx.files.srcs) if ctx.files.srcs else []

    modules_tar = ctx.outputs.modules_tar
    symvers = ctx.outputs.symvers
    log = ctx.outputs.log

    container = ctx.attr.container[DeveloperContainerInfo]
    patches = [patch[KernelPatchInfo] for patch in ctx.attr.patches]
    fields = {
        "root_tar": container.root_tar.path,
        "container_facts": container.facts.path,
        "source_files": source_files,
        "flavour": _FLAVOURS[ctx.attr.flavour],
        "patches": [
            struct(
                path = patch.src.path,
                when_header = patch.when_header,
                matches = patch.matches,
            )
            for patch in patches
        ],
        "modules": ctx.attr.modules,
        "modules_tar": modules_tar.path,
        "module_symvers": symvers.path,
        "log": log.path,
    }
    if ctx.file.source:
        fields["source_archive"] = ctx.file.source.path

    request = ctx.actions.declare_file(ctx.label.name + ".request.textproto")
    ctx.actions.write(request, proto.encode_text(struct(**fields)))
    args = ctx.actions.args()
    args.add(request, format = "--request=%s")
    ctx.actions.run(
        executable = ctx.executable._compile_modules,
        arguments = [args],
        inputs = depset(
            [request, container.root_tar, container.facts] +
            ([ctx.file.source] if ctx.file.source else ctx.files.srcs) +
            [patch.src for patch in patches],
        ),
        outputs = [modules_tar, symvers, log],
        mnemonic = "CompileKernelModules",
        progress_message = "Compiling kernel modules %s" % ctx.label,
        execution_requirements = {"block-network": ""},
        # PATH, on which the tool looks for bwrap and patch.
        use_default_shell_env = True,
    )

    outputs = [modules_tar, symvers, log]
    return [
        DefaultInfo(
            files = depset(outputs),
            runfiles = ctx.runfiles(outputs),
        ),
        KernelModulesInfo(modules_tar = modules_tar, symvers = symvers),
    ]

kernel_modules = rule(
    implementation = _kernel_modules_impl,
    doc = """Compiles kernel modules with the kernel's own build in a developer container.

The container's root file system is the root of a bubblewrap sandbox without
network; neither root nor anything but bwrap and patch of this machine is
needed.  The same inputs give the same bytes on any machine.  It makes

* `<name>.modules.tar`: *.ko, stripped of debug information, and
  `modules.order`: their names without .ko, one a line, in loading order;
* `<name>.module_symvers`: the Module.symvers that this build made;
* `<name>.log`: all that the build said.

A failed build says so first: `compile_modules: first error: <file>:<line>:
<message>`, then its whole log.""",
    attrs = {
        "container": attr.label(
            mandatory = True,
            providers = [DeveloperContainerInfo],
            doc = "The developer_container of the kernel.",
        ),
        "source": attr.label(
            allow_single_file = True,
            doc = "Archive with the sources: a tar, plain or compressed, or a .deb with such a tar in usr/src. Either this or srcs.",
        ),
        "srcs": attr.label_list(
            allow_files = True,
            doc = "The sources as loose files: a Kbuild file or Makefile, and files below its folder.",
        ),
        "patches": attr.label_list(
            providers = [KernelPatchInfo],
            doc = "kernel_patch targets, applied in this order.",
        ),
        "flavour": attr.string(
            values = ["", "open", "proprietary"],
            doc = "Which of NVIDIA's module trees to build. The action fails if the sources lack it. Empty for other modules.",
        ),
        "modules": attr.string_list(
            doc = "Modules to keep, in loading order, without .ko. Empty: all that are built, ordered by their dependencies.",
        ),
        "_compile_modules": attr.label(
            default = "//builder/modules:compile_modules",
            executable = True,
            cfg = "exec",
        ),
    },
    # Predeclared, so that BUILD files can name each.
    outputs = {
        "log": "%{name}.log",
        "modules_tar": "%{name}.modules.tar",
        "symvers": "%{name}.module_symvers",
    },
    provides = [KernelModulesInfo],
)
