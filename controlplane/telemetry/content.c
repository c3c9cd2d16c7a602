#include "controlplane/telemetry/content.h"

#include "dataplane/api/content.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/log.h"

static void begin(struct cp_content_watch *watch, const char *name, uint32_t share, uint64_t now_ns)
{
	watch->began_ns = now_ns;
	watch->from_to_lane = watch->to_lane;
	watch->from_refused = watch->refused;
	rh_log_warn(WORKER,
		"tenant %s: its patterns and conditions cost more than %u %% of a worker's core: what is beyond is decided by the content lane (docs/content-patterns.md, Budget)",
		name, share);
}

static void end(struct cp_content_watch *watch, const char *name)
{
	rh_log_info(WORKER, "tenant %s: its content is within its share again: in %llu s the content lane took %llu events, %llu found no room", name,
		(unsigned long long)((watch->beyond_ns - watch->began_ns) / RH_NS_PER_S + 1),
		(unsigned long long)(watch->to_lane - watch->from_to_lane), (unsigned long long)(watch->refused - watch->from_refused));
	watch->began_ns = 0;
}

void cp_content_look(struct cp_content_watch *watch, const struct dp_engine *eng, uint16_t tenant, const char *name, uint32_t share, uint64_t now_ns)
{
	struct dp_content_use use;

	if (dp_content_use(eng, tenant, &use) < 0)
		return;
	if (use.to_lane != watch->to_lane || use.refused != watch->refused) {
		watch->beyond_ns = now_ns;
		if (!watch->began_ns)
			begin(watch, name, share, now_ns);
	}
	if (use.refused != watch->refused)
		watch->lost_ns = now_ns;
	watch->to_lane = use.to_lane;
	watch->refused = use.refused;
	if (watch->began_ns && now_ns - watch->beyond_ns >= CP_CONTENT_CALM_NS)
		end(watch, name);
}
