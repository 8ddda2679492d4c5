// SPDX-License-Identifier: GPL-2.0
// A module whose last words are a register dump.

#include <linux/bug.h>
#include <linux/init.h>
#include <linux/module.h>

static int __init warning_init(void)
{
	WARN_ON(1);
	return -ENODEV;
}

module_init(warning_init);

MODULE_DESCRIPTION("Warns and fails without a message");
MODULE_LICENSE("GPL");
