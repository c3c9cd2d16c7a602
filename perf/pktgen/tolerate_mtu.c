/*
 * Preloaded into Pktgen-DPDK where its device is a virtual one: Pktgen 23.03 ends when a device cannot set its MTU, and memif and ring
 * cannot. They take any frame of ours as they are.
 */

#include <dlfcn.h>
#include <errno.h>
#include <stdint.h>

int rte_eth_dev_set_mtu(uint16_t port, uint16_t mtu);

int rte_eth_dev_set_mtu(uint16_t port, uint16_t mtu)
{
	int (*real)(uint16_t, uint16_t) = (int (*)(uint16_t, uint16_t))dlsym(RTLD_NEXT, "rte_eth_dev_set_mtu");
	int ret = real ? real(port, mtu) : -ENOSYS;

	return ret == -ENOTSUP ? 0 : ret;
}
