#pragma once

/* rhumbd --check: 0 when @path is a configuration the router would start with, after saying what it
 * would do; 1 with the reason on stderr. */
int rhumbd_check(const char *path);
