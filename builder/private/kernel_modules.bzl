"""kernel_modules: compiles kernel modules in a developer container."""

load("//builder:providers.bzl", "DeveloperContainerInfo", "KernelModulesInfo", "KernelPatchInfo")

# Numbers of DriverFlavour in coordinates.proto: proto.encode_text() would quote its names.
_FLAVOURS = {
    "open": 1,
    "proprietary": 2,
}

def _source_files(srcs):
    """SourceFile messages, with destinations relative to the Kbuild file or Makefile."""
    tops = sorted([f.short_path.rpartition("/")[0] for f in srcs if f.basename in ["Kbuild", "Makefile"]])
    if not tops:
        fail("srcs: no Kbuild file or Makefile; list one")
    top = tops[0] + "/" if tops[0] else ""
    for f in srcs:
        if not f.short_path.startswith(top):
            fail("srcs: %s is not below %s, the directory of the Kbuild file" % (f.short_path, top))
    return [struct(path = f.path, destination = f.short_path[len(top):]) for f in srcs]

def _write_request(ctx, name, fields):
    request = ctx.actions.declare_file("%s.%s.textproto" % (ctx.label.name, name))
    ctx.actions.write(request, proto.encode_text(struct(**fields)))
    return request

def _select_patches(ctx, container, log):
    """Declares the tar with the patches that apply to the container's kernel.

    It is an action of its own, and the tar alone is an input of the compilation,
    so that a change of a patch that does not apply compiles nothing again.  It is
    the same tar whether there are no patches or none applies.
    """
    patches = [patch[KernelPatchInfo] for patch in ctx.attr.patches]
    tar = ctx.actions.declare_file(ctx.label.name + ".patches.tar")
    fields = {
        "patches": [
            struct(
                path = patch.src.path,
                when_header = patch.when_header,
                matches = patch.matches,
            )
            for patch in patches
        ],
        "patches_tar": tar.path,
        "log": log.path,
    }
    inputs = [patch.src for patch in patches]
    if [patch for patch in patches if patch.when_header]:
        fields["root_tar"] = container.root_tar.path
        fields["container_facts"] = container.facts.path
        inputs += [container.root_tar, container.facts]

    request = _write_request(ctx, "patch_selection", fields)
    args = ctx.actions.args()
    args.add(request, format = "--request=%s")
    ctx.actions.run(
        executable = ctx.executable._select_patches,
        arguments = [args],
        inputs = inputs + [request],
        outputs = [tar, log],
        mnemonic = "SelectPatches",
        progress_message = "Selecting patches for %s" % ctx.label,
        execution_requirements = {"block-network": ""},
    )
    return tar

def _kernel_modules_impl(ctx):
    if bool(ctx.file.source) == bool(ctx.files.srcs):
        fail("source and srcs: set exactly one")
    source_files = _source_files(ctx.files.srcs) if ctx.files.srcs else []

    modules_tar = ctx.outputs.modules_tar
    symvers = ctx.outputs.symvers
    log = ctx.outputs.log
    patches_log = ctx.outputs.patches_log

    container = ctx.attr.container[DeveloperContainerInfo]
    patches_tar = _select_patches(ctx, container, patches_log)
    fields = {
        "root_tar": container.root_tar.path,
        "container_facts": container.facts.path,
        "source_files": source_files,
        "flavour": _FLAVOURS[ctx.attr.flavour],
        "patches_tar": patches_tar.path,
        "modules": ctx.attr.modules,
        "modules_tar": modules_tar.path,
        "module_symvers": symvers.path,
        "log": log.path,
    }
    if ctx.file.source:
        fields["source_archive"] = ctx.file.source.path

    request = _write_request(ctx, "request", fields)
    args = ctx.actions.args()
    args.add(request, format = "--request=%s")
    ctx.actions.run(
        executable = ctx.executable._compile_modules,
        arguments = [args],
        inputs = depset(
            [request, container.root_tar, container.facts, patches_tar] +
            ([ctx.file.source] if ctx.file.source else ctx.files.srcs),
        ),
        outputs = [modules_tar, symvers, log],
        mnemonic = "CompileKernelModules",
        progress_message = "Compiling kernel modules %s" % ctx.label,
        execution_requirements = {"block-network": ""},
        # For PATH, which leads to bwrap and patch.
        use_default_shell_env = True,
    )

    outputs = [modules_tar, symvers, log, patches_log]
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

The build runs in a bubblewrap sandbox without network, whose root is the
container's root file system.  It needs no privileges, and only bwrap and patch
from the machine.  The same inputs give the same bytes on any machine.  Outputs:

* `<name>.modules.tar`: *.ko, stripped of debug information, and
  `modules.order`: their names without .ko, one per line, in loading order;
* `<name>.module_symvers`: the Module.symvers that the build wrote;
* `<name>.log`: the log of the build;
* `<name>.patches.log`: which patches were applied, and why the others were not.

A failed build prints `compile_modules: first error: <file>:<line>: <message>`,
followed by the whole log.""",
    attrs = {
        "container": attr.label(
            mandatory = True,
            providers = [DeveloperContainerInfo],
            doc = "The developer_container of the kernel.",
        ),
        "source": attr.label(
            allow_single_file = True,
            doc = "Archive with the sources: a tar, plain or compressed, or a .deb with sources or such a tar in usr/src. Exactly one of source and srcs is required.",
        ),
        "srcs": attr.label_list(
            allow_files = True,
            doc = "The sources as individual files: a Kbuild file or Makefile, and files below its directory.",
        ),
        "patches": attr.label_list(
            providers = [KernelPatchInfo],
            doc = "kernel_patch targets, applied in this order. Only the contents of those that apply to the container's kernel are inputs of the compilation.",
        ),
        "flavour": attr.string(
            default = "open",
            values = ["open", "proprietary"],
            doc = "Which of NVIDIA's two sets of modules to build: open or proprietary. No effect on sources that are not NVIDIA's.",
        ),
        "modules": attr.string_list(
            doc = "Modules to keep, in loading order, without .ko. Empty: all built modules, ordered by their dependencies.",
        ),
        "_compile_modules": attr.label(
            default = "//builder/modules:compile_modules",
            executable = True,
            cfg = "exec",
        ),
        "_select_patches": attr.label(
            default = "//builder/modules:select_patches",
            executable = True,
            cfg = "exec",
        ),
    },
    # Predeclared, so that BUILD files can refer to each.
    outputs = {
        "log": "%{name}.log",
        "modules_tar": "%{name}.modules.tar",
        "patches_log": "%{name}.patches.log",
        "symvers": "%{name}.module_symvers",
    },
    provides = [KernelModulesInfo],
)
