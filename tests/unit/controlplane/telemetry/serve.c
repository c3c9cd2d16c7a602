/*
 * Metrics of the fake router on a real HTTP port, for metrics.py: prints "ready PORT" and serves
 * for at most ten seconds or until stdin ends.
 */

#include "controlplane/telemetry/metrics.h"

#include "dataplane/base/clock.h"
#include "tests/unit/controlplane/fake/fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SERVE_MS 10000

static void on_time(uv_timer_t *timer)
{
	uv_stop(timer->loop);
}

static void on_stdin(uv_poll_t *poll, int status, int events)
{
	(void)status;
	(void)events;
	uv_stop(poll->loop);
}

/* Every counter another value, so that a row in the wrong place shows. */
static void fill(void)
{
	for (uint32_t w = 0; w < FAKE_WORKERS; w++) {
		uint64_t *words = (uint64_t *)&fake.counters[w];

		for (size_t i = 0; i < sizeof(fake.counters[w]) / sizeof(*words); i++)
			words[i] = (w + 1) * 10000 + i;
	}
}

static int end(uv_loop_t *loop, struct cp_conf *conf, int status)
{
	while (uv_loop_close(loop) == UV_EBUSY)
		(void)uv_run(loop, UV_RUN_NOWAIT);
	cp_conf_free(conf);
	return status;
}

int main(int argc, char **argv)
{
	static const uint32_t ports[] = {0};
	struct cp_metrics_source source = {.ports = ports,
		.version = "0.1",
		.hs_version = "5",
		.dpdk_version = "22",
		.started_ns = rh_clock_ns()};
	struct cp_metrics *metrics = NULL;
	struct cp_health *health = NULL;
	struct rh_error err = {""};
	struct cp_conf *conf;
	uv_timer_t timer;
	uv_poll_t input;
	uv_loop_t loop;

	if (argc != 2)
		return 2;
	fake_reset();
	fill();
	conf = fake_conf();
	conf->metrics_port = (uint16_t)atoi(argv[1]);
	(void)uv_loop_init(&loop);
	(void)cp_health_create(&loop, NULL, conf, ports, &health, &err);
	source.conf = conf;
	source.health = health;
	if (cp_metrics_create(&loop, &source, &metrics, &err) < 0) {
		(void)printf("%s\n", err.text);
		cp_health_destroy(health);
		return end(&loop, conf, 1);
	}
	(void)uv_timer_init(&loop, &timer);
	(void)uv_timer_start(&timer, on_time, SERVE_MS, 0);
	(void)uv_poll_init(&loop, &input, 0);
	(void)uv_poll_start(&input, UV_READABLE, on_stdin);
	(void)printf("ready %u\n", conf->metrics_port);
	(void)fflush(stdout);
	(void)uv_run(&loop, UV_RUN_DEFAULT);
	cp_metrics_destroy(metrics);
	cp_health_destroy(health);
	uv_close((uv_handle_t *)&timer, NULL);
	uv_close((uv_handle_t *)&input, NULL);
	return end(&loop, conf, 0);
}
