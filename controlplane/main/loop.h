#pragma once

/*
 * The control loop: libuv under liburcu. The thread is a registered reader that is offline while it
 * sleeps. libuv runs I/O callbacks inside its poll, between prepare and check handles, so the sleep
 * is ours instead: poll(2) on libuv's descriptor with libuv's timeout, offline, and then one pass
 * of libuv that does not block, online.
 */

#include <stdbool.h>
#include <uv.h>

/* Until *@stop. Ctx: control, RCU-registered and online. */
void rhumbd_loop_run(uv_loop_t *loop, const bool *stop);
