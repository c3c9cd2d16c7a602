#pragma once

/* Versions of what rhumbd is made of. Static strings. */
const char *rhumbd_version(void);
const char *rhumbd_hyperscan_version(void);
const char *rhumbd_dpdk_version(void);
