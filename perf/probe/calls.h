#pragma once

/*
 * Median TSC cycles of system calls on @core, as one JSON object on stdout: getpid; 64 bytes written to a Unix stream socket and read from its other end;
 * 64 bytes sent and received by UDP on loopback. A third of @seconds each. 0, or 1 with a sentence on stderr. Ctx: a thread already on @core.
 */
int calls_measure(unsigned core, double seconds);
