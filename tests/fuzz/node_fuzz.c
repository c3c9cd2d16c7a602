/*
 * What a port receives, to its end: classification, datagram, records, reassembly, sessions, match, fan-out. The input is a row of frames, each
 * behind two bytes of length and one of flags: FLAG_RAW a whole Ethernet frame; else the records of a datagram of one of two clients, so that
 * the fuzzer gets past number and check. After each input the conservation laws hold and nothing is still taken.
 */
#include "tests/unit/dataplane/node/fixture.h"

#include "dataplane/base/rcu.h"
#include "dataplane/frame/bytes.h"

#include <stdlib.h>

enum { FLAG_RAW = 0x01, FLAG_SECOND = 0x02, FLAG_LATER = 0x04, FLAG_OTHER_WORKER = 0x08 };

#define RECORDS_MAX 1400
#define FRAME_MAX   1514
/* Sessions closed are free again only behind a grace period, which costs too much after each input. */
#define INPUTS_A_BARRIER 512

static struct fx_client client[2];

static void start_once(void)
{
	static bool started;

	if (started)
		return;
	fx_start(&(struct fx_options){.workers = 2, .check_in_software = true,
		.max_sessions = 4 * INPUTS_A_BARRIER});
	/* What is left then is a leak. */
	(void)atexit(fx_stop);
	started = true;
}

static void frame_give(const uint8_t *bytes, size_t len, uint8_t flags)
{
	uint32_t worker = flags & FLAG_OTHER_WORKER ? 1 : 0;

	if (flags & FLAG_RAW)
		fx_frame_in(worker, bytes, len < FRAME_MAX ? len : FRAME_MAX);
	else
		fx_records_in(&client[flags & FLAG_SECOND ? 1 : 0], worker, bytes,
			len < RECORDS_MAX ? len : RECORDS_MAX);
	if (flags & FLAG_LATER)
		fx_age(DP_LIMIT_REASSEMBLY_MS / 2);
}

static void punts_drain(void)
{
	static struct dp_punt punt;

	for (uint32_t w = 0; w < 2; w++)
		while (dp_punt_recv(fx.eng, w, &punt) == 0)
			;
}

static dp_sub_id_t sub;

static void clients_open(void)
{
	for (uint32_t i = 0; i < 2; i++) {
		struct dp_session_conf conf;

		fx_client_init(&client[i], i + 1, i ? 6 : 4, DP_VLAN_NONE);
		client[i].owner = i;
		conf = fx_conf(&client[i]);
		fx_open(&client[i], &conf);
	}
	sub = fx_subscribe(&client[1], "#");
}

static void clients_close(void)
{
	static uint32_t inputs;

	fx_unsubscribe(sub);
	for (uint32_t i = 0; i < 2; i++)
		(void)dp_session_close(fx.eng, client[i].slot);
	fx_settle();
	punts_drain();
	for (uint32_t i = 0; i < 2; i++)
		(void)dp_adj_destroy(fx.eng, client[i].adjacency);
	fx_laws("after an input");
	if (++inputs % INPUTS_A_BARRIER == 0)
		rh_rcu_barrier();
	fx_forget();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	size_t at = 0;

	start_once();
	clients_open();
	while (at + 3 <= len) {
		size_t size = rh_load_be16(bytes + at);

		if (size > len - at - 3)
			size = len - at - 3;
		frame_give(bytes + at + 3, size, bytes[at + 2]);
		at += 3 + size;
	}
	clients_close();
	return 0;
}
