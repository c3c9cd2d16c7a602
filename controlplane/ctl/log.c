#include "controlplane/ctl/call.h"
#include "dataplane/base/log.h"

void ctl_log_level(struct ctl_call *call)
{
	static const char *const names[] = {"room", "level", NULL};
	const char *room = NULL, *level = NULL;

	if (!ctl_args_known(call, names) || !ctl_arg_text(call, "room", true, &room) ||
		!ctl_arg_text(call, "level", true, &level))
		return;
	if (rh_log_set_level(room, level) < 0) {
		ctl_refuse(call, CTL_STATUS_NOT_FOUND,
			"no room \"%.32s\" with level \"%.32s\": rooms are those of 'rhumb log "
			"show', levels error, warn, info, debug",
			room, level);
		return;
	}
	ctl_reply(call, json_pack("{s:s, s:s}", "room", room, "level", level));
}

void ctl_log_show(struct ctl_call *call)
{
	json_t *list;

	if (!ctl_args_none(call))
		return;
	list = json_array();
	for (unsigned r = 0; r < RH_LOG_ROOM_COUNT; r++)
		(void)json_array_append_new(list,
			json_pack("{s:s, s:s}", "room", rh_log_room_name((enum rh_log_room)r),
				"level", rh_log_level_name(rh_log_get_level((enum rh_log_room)r))));
	ctl_reply(call, json_pack("{s:o}", "rooms", list));
}
