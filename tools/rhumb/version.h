#pragma once

/* From meson.build, the one place that knows it. */
#ifndef RHUMB_VERSION
#error "RHUMB_VERSION comes from the build"
#endif
