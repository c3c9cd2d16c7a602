#include "dataplane/port/device.h"
#include "dataplane/port/host.h"
#include "dataplane/port/memif_socket.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

static int check_iface(const char *root, const struct dp_port_conf *conf, const char *iface,
	struct rh_error *err)
{
	int mtu = dp_host_iface_mtu(root, iface);
	char via[16];

	if (mtu < 0)
		return rh_error_set(err, ENODEV,
			"port %s: there is no interface %s in this network namespace: ip link lists them", conf->name,
			iface);
	if (!conf->allow_default_route && dp_host_default_route(root, iface, via, sizeof(via)))
		return rh_error_set(err, EBUSY,
			"port %s: %s carries the default route (%s): taking it may cut you off from this machine; set "
			"allow-default-route on the port to take it all the same",
			conf->name, iface, via);
	if (conf->mtu > mtu)
		return rh_error_set(err, EMSGSIZE,
			"port %s: interface %s has MTU %d and the port wants %u: ip link set %s mtu %u, or lower the port's",
			conf->name, iface, mtu, conf->mtu, iface, conf->mtu);
	return 0;
}

static int check_pcap(const struct dp_port_conf *conf, const struct dp_device *dev, struct rh_error *err)
{
	char path[PATH_MAX];

	if (!dp_device_arg(dev->args, "rx_pcap", path, sizeof(path)) || access(path, R_OK) == 0)
		return 0;
	return rh_error_set(
		err, errno, "port %s: cannot read rx_pcap=%s: %s", conf->name, path, strerror(errno));
}

/* Only a server on a path of the file system has a file; absent arguments mean client and abstract. */
static bool memif_file(const struct dp_device *dev, char *path, uint32_t size)
{
	char role[16], abstract[8];

	return strcmp(dev->driver, "net_memif") == 0 &&
	       dp_device_arg(dev->args, "role", role, sizeof(role)) && strcmp(role, "server") == 0 &&
	       dp_device_arg(dev->args, "socket", path, size) &&
	       dp_device_arg(dev->args, "socket-abstract", abstract, sizeof(abstract)) &&
	       strcmp(abstract, "no") == 0;
}

static int on_memif_file(int (*act)(const char *path, struct rh_error *err), const struct dp_port_conf *conf,
	const struct dp_device *dev, struct rh_error *err)
{
	char path[PATH_MAX];
	struct rh_error why;
	int ret = memif_file(dev, path, sizeof(path)) ? act(path, &why) : 0;

	return ret ? rh_error_set(err, -ret, "port %s: %s", conf->name, why.text) : 0;
}

static int check_pci(const char *root, const struct dp_port_conf *conf, const struct dp_device *dev,
	struct rh_error *err)
{
	struct rh_error why;
	int ret = dp_host_pci_check(root, dev->name, conf->allow_default_route, &why);

	return ret ? rh_error_set(err, -ret, "port %s: %s", conf->name, why.text) : 0;
}

int dp_device_check(const char *root, const struct dp_port_conf *conf, const struct dp_device *dev,
	struct rh_error *err)
{
	if (dev->kind == DP_DEVICE_PCI)
		return check_pci(root, conf, dev, err);
	if (dev->iface[0])
		return check_iface(root, conf, dev->iface, err);
	if (strcmp(dev->driver, "net_pcap") == 0)
		return check_pcap(conf, dev, err);
	return on_memif_file(dp_memif_socket_look, conf, dev, err);
}

int dp_device_clear(const struct dp_port_conf *conf, const struct dp_device *dev, struct rh_error *err)
{
	return on_memif_file(dp_memif_socket_clear, conf, dev, err);
}

int dp_port_check(const struct dp_port_conf *conf, struct rh_error *err)
{
	struct dp_device dev;
	int ret = dp_device_parse(conf, &dev, err);

	return ret ? ret : dp_device_check("", conf, &dev, err);
}
