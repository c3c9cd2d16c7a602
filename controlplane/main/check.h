#pragma once

/* rhumbd --check: 0 when @path is a configuration this machine can run, after saying what the router
 * would do; 1 with the reason on stderr. Changes nothing. */
int rhumbd_check(const char *path);
