#include "perf/gen/pcap_file.h"

#include "perf/gen/trace.h"

#include <errno.h>
#include <pcap/pcap.h>

#define SNAPLEN 65535

int pcap_file_write(const char *path, uint32_t count, pcap_file_frame frame, const void *arg,
	struct rh_error *err)
{
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, SNAPLEN);
	pcap_dumper_t *dump = pcap ? pcap_dump_open(pcap, path) : NULL;
	uint8_t out[TRACE_FRAME_MAX];
	int ret = 0;

	if (!dump) {
		ret = rh_error_set(err, EIO, "%s: cannot write the trace: %s", path,
			pcap ? pcap_geterr(pcap) : "no memory");
		goto out_close;
	}
	for (uint32_t i = 0; i < count; i++) {
		uint32_t bytes = frame(arg, i, out);
		const struct pcap_pkthdr hdr = {.caplen = bytes, .len = bytes};

		pcap_dump((u_char *)dump, &hdr, out);
	}
	if (pcap_dump_flush(dump) < 0)
		ret = rh_error_set(err, EIO, "%s: cannot write the trace: disk full?", path);
	pcap_dump_close(dump);
out_close:
	if (pcap)
		pcap_close(pcap);
	return ret;
}
