#pragma once

/*
 * Why bytes are not a frame. A codec answers with one of these; the dataplane maps each to a drop reason of the same
 * name, so that one X row here is one counter there.
 */

/* X(id, name, help) */
#define RH_FRAME_ERRORS(X)                                                                         \
	X(SHORT, "short", "fewer bytes than the header or the announced length")                   \
	X(LENGTH, "bad_length", "lengths inside the frame contradict each other")                  \
	X(VERSION, "bad_version", "protocol version not spoken here")                              \
	X(FLAGS, "bad_flags", "a flag bit that must be refused is set")                            \
	X(AUTH, "auth_unsupported", "authentication tag present, not supported yet")               \
	X(RECORD_TYPE, "bad_record", "record type unknown or not allowed here")                    \
	X(VALUE, "bad_value", "a field holds a value the specification excludes")                  \
	X(TOPIC, "bad_topic", "topic empty, too long, too deep, not UTF-8, or holds a wildcard")   \
	X(OPTION, "bad_option", "option malformed, or critical and unknown")                       \
	X(ATTRIBUTE, "bad_attribute", "attribute malformed")                                       \
	X(TOO_LARGE, "too_large", "event larger than the limit")

enum rh_frame_error {
	RH_FRAME_OK = 0,
#define X(id, name, help) RH_FRAME_##id,
	RH_FRAME_ERRORS(X)
#undef X
	RH_FRAME_ERROR_COUNT
};

/* Ctx: any. Static strings; "ok" for RH_FRAME_OK. */
const char *rh_frame_error_name(enum rh_frame_error error);
const char *rh_frame_error_help(enum rh_frame_error error);

/* Tells the compiler what it cannot see of a refusal: that outputs are read on success only. */
static inline enum rh_frame_error rh_frame_refused(enum rh_frame_error err)
{
	if (err == RH_FRAME_OK)
		__builtin_unreachable();
	return err;
}
