"""module_proof: evidence that a kernel accepts a set of modules."""

load("//payload:providers.bzl", "ModuleProofInfo")

def _module_proof_impl(ctx):
    proof = ctx.outputs.proof
    console = ctx.outputs.console

    args = ctx.actions.args()
    args.add(ctx.file.modules, format = "--modules=%s")
    args.add(ctx.file.container, format = "--container=%s")
    args.add(ctx.file.root, format = "--root=%s")
    args.add(ctx.file.symvers, format = "--symvers=%s")
    args.add_joined(ctx.files.extra_symvers, join_with = ",", format_joined = "--extra_symvers=%s")
    args.add(ctx.file.kernel_image, format = "--kernel_image=%s")
    inputs = [
        ctx.file.modules,
        ctx.file.container,
        ctx.file.root,
        ctx.file.symvers,
        ctx.file.kernel_image,
        ctx.executable._init,
    ] + ctx.files.extra_symvers
    if ctx.file.fake_pci:
        args.add(ctx.file.fake_pci, format = "--fake_pci=%s")
        inputs.append(ctx.file.fake_pci)
    args.add(ctx.executable._init, format = "--init=%s")
    args.add(proof, format = "--proof=%s")
    args.add(console, format = "--console=%s")

    ctx.actions.run(
        executable = ctx.executable._prove,
        arguments = [args],
        inputs = inputs,
        outputs = [proof, console],
        mnemonic = "ProveModules",
        progress_message = "Proving modules %s" % ctx.label,
        execution_requirements = {"block-network": ""},
        # For PATH, on which the tool looks for QEMU.
        use_default_shell_env = True,
    )

    return [
        DefaultInfo(files = depset([proof, console])),
        ModuleProofInfo(console = console, proof = proof),
    ]

module_proof = rule(
    implementation = _module_proof_impl,
    doc = """Proves that a kernel accepts a set of modules.

Checks vermagic, and every undefined symbol and its CRC against Module.symvers.
Then boots the exact kernel in QEMU, which must load every module, and refuse an
altered copy of one.  Outputs:

* `<name>.proof.textproto`: an accepted gantry.proof.v1.Proof;
* `<name>.console.log`: the log of the serial console.

If the proof is not accepted, the action fails, and the first line of its
standard error is `prove: <reason>`.""",
    attrs = {
        "modules": attr.label(
            allow_single_file = True,
            mandatory = True,
            doc = "Uncompressed tar that kernel_modules wrote: *.ko, and modules.order with their names in loading order.",
        ),
        "container": attr.label(
            allow_single_file = True,
            mandatory = True,
            doc = "gantry.builder.v1.DeveloperContainer in the text format, which has the kernel release.",
        ),
        "root": attr.label(
            allow_single_file = True,
            mandatory = True,
            doc = "Tar of the container's root file system, which has the in-tree modules that the others need.",
        ),
        "symvers": attr.label(
            allow_single_file = True,
            mandatory = True,
            doc = "Module.symvers of the kernel.",
        ),
        "extra_symvers": attr.label_list(
            allow_files = True,
            doc = "Module.symvers of out-of-tree builds whose modules are in `modules`.",
        ),
        "kernel_image": attr.label(
            allow_single_file = True,
            mandatory = True,
            doc = "The bzImage to boot.",
        ),
        "fake_pci": attr.label(
            allow_single_file = True,
            doc = "Tar of the module in //payload/proof/fake_pci, built for this kernel. It provides a fake device so that nvidia.ko stays loaded without a GPU. Default: no fake device.",
        ),
        "_init": attr.label(
            default = "//payload/proof:init",
            executable = True,
            cfg = "target",
        ),
        "_prove": attr.label(
            default = "//payload/proof:prove",
            executable = True,
            cfg = "exec",
        ),
    },
    # Predeclared, so that BUILD files can refer to each.
    outputs = {
        "console": "%{name}.console.log",
        "proof": "%{name}.proof.textproto",
    },
)
