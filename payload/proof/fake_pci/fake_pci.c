// SPDX-License-Identifier: GPL-2.0
/*
 * fake_pci: adds a fake PCI device, without BARs, in a PCI domain that contains
 * nothing else.
 *
 * By default it looks like an NVSwitch (vendor 10de, class 0680), so that
 * nvidia.ko stays loaded on a machine without a GPU, and the modules that
 * depend on it can be loaded too.  Only for disposable virtual machines.
 */
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/numa.h>
#include <linux/pci.h>

#define FAKE_PCI_DOMAIN		0x5000
#define FAKE_PCI_CONFIG_SIZE	256
#define FAKE_PCI_REVISION	0xa1

/* Bits of PCI_COMMAND that a driver may set. */
#define FAKE_PCI_COMMAND_MASK \
	(PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER)

static ushort vendor = 0x10de;
module_param(vendor, ushort, 0444);
MODULE_PARM_DESC(vendor, "PCI vendor id");

static ushort device = 0x22a3;
module_param(device, ushort, 0444);
MODULE_PARM_DESC(device, "PCI device id");

/* Little endian, as in hardware.  The PCI core's config lock guards it. */
static u8 config_space[FAKE_PCI_CONFIG_SIZE];

static struct pci_bus *fake_bus;

static struct pci_sysdata fake_sysdata = {
	.domain = FAKE_PCI_DOMAIN,
	.node = NUMA_NO_NODE,
};

static struct resource fake_bus_numbers = {
	.name = "fake_pci bus",
	.start = 0,
	.end = 0,
	.flags = IORESOURCE_BUS,
};

static void fake_pci_set(int where, int size, u32 value)
{
	int i;

	for (i = 0; i < size; i++)
		config_space[where + i] = value >> (8 * i);
}

static u32 fake_pci_get(int where, int size)
{
	u32 value = 0;
	int i;

	for (i = 0; i < size; i++)
		value |= (u32)config_space[where + i] << (8 * i);
	return value;
}

static int fake_pci_read(struct pci_bus *bus, unsigned int devfn, int where,
			 int size, u32 *value)
{
	if (devfn) {
		*value = ~0U;
		return PCIBIOS_DEVICE_NOT_FOUND;
	}
	if (where < 0 || where + size > FAKE_PCI_CONFIG_SIZE)
		*value = ~0U;
	else
		*value = fake_pci_get(where, size);
	return PCIBIOS_SUCCESSFUL;
}

static int fake_pci_write(struct pci_bus *bus, unsigned int devfn, int where,
			  int size, u32 value)
{
	if (devfn)
		return PCIBIOS_DEVICE_NOT_FOUND;
	if (where == PCI_COMMAND)
		fake_pci_set(PCI_COMMAND, 2, value & FAKE_PCI_COMMAND_MASK);
	return PCIBIOS_SUCCESSFUL;
}

static struct pci_ops fake_pci_ops = {
	.read = fake_pci_read,
	.write = fake_pci_write,
};

static int __init fake_pci_init(void)
{
	LIST_HEAD(resources);

	fake_pci_set(PCI_VENDOR_ID, 2, vendor);
	fake_pci_set(PCI_DEVICE_ID, 2, device);
	fake_pci_set(PCI_CLASS_REVISION, 4,
		     PCI_CLASS_BRIDGE_OTHER << 16 | FAKE_PCI_REVISION);
	fake_pci_set(PCI_SUBSYSTEM_VENDOR_ID, 2, vendor);

	pci_add_resource(&resources, &fake_bus_numbers);
	fake_bus = pci_scan_root_bus(NULL, 0, &fake_pci_ops, &fake_sysdata,
				     &resources);
	if (!fake_bus) {
		pci_free_resource_list(&resources);
		return -ENOMEM;
	}
	pci_bus_add_devices(fake_bus);
	return 0;
}

static void __exit fake_pci_exit(void)
{
	pci_lock_rescan_remove();
	pci_stop_root_bus(fake_bus);
	pci_remove_root_bus(fake_bus);
	pci_unlock_rescan_remove();
}

module_init(fake_pci_init);
module_exit(fake_pci_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Fake PCI device for load tests");
