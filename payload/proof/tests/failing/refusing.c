// SPDX-License-Identifier: GPL-2.0
// A module that warns, which prints a register dump, and then says why it
// refuses to load.

#include <linux/bug.h>
#include <linux/init.h>
#include <linux/module.h>

static int __init refusing_init(void)
{
	pr_info("refusing: probing\n");
	WARN(1, "refusing: unexpected state %d\n", 3);
	pr_err("refusing: no supported device found\n");
	return -ENODEV;
}

module_init(refusing_init);

MODULE_DESCRIPTION("Warns and refuses to load");
MODULE_LICENSE("GPL");
