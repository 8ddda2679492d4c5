// SPDX-License-Identifier: GPL-2.0
// A module that crashes the kernel.

#include <linux/init.h>
#include <linux/module.h>

static int __init crashing_init(void)
{
	int *volatile nowhere = NULL;

	return *nowhere;
}

module_init(crashing_init);

MODULE_DESCRIPTION("Dereferences a null pointer");
MODULE_LICENSE("GPL");
