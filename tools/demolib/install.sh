# Shared by tools/demo and tools/check: packages and build. Sourced by bash, with $top set to the checkout's root and
# $logs to a folder for logs. Needs nothing that a minimal Debian 12 does not have.

rh_say() { printf '%s: %s\n' "${0##*/}" "$*"; }
rh_die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

# rh_packages [check | long]: names in tools/packages; those marked [check] or [long] only when asked for, [check] by long too.
rh_packages() {
	local name rest
	while read -r name rest; do
		case $name in '' | '#'*) continue ;; esac
		case $rest in
		*'[long]'*) [ "${1:-}" = long ] || continue ;;
		*'[check]'*) [ -n "${1:-}" ] || continue ;;
		esac
		printf '%s\n' "$name"
	done <"$top/tools/packages"
}

# rh_services NAMES: those among them that tools/packages marks [service].
rh_services() {
	local name
	for name in "$@"; do
		if grep -q "^$name .*\[service\]" "$top/tools/packages"; then printf '%s\n' "$name"; fi
	done
}

# Packages start their services through policy-rc.d (invoke-rc.d(8)): while ours is there, none starts. One that somebody else made is
# left alone, one that a killed run of ours left is known by its second line.
rh_policy=${rh_policy:-/usr/sbin/policy-rc.d}
rh_policy_mark='# tools/check: no service starts on installation'

rh_services_hold() {
	[ -e "$rh_policy" ] || printf '#!/bin/sh\n%s\nexit 101\n' "$rh_policy_mark" >"$rh_policy" && chmod +x "$rh_policy"
}

# rh_services_release NAMES: back to normal; the services just installed do not start with the machine either.
rh_services_release() {
	local name
	if [ -f "$rh_policy" ] && grep -qxF "$rh_policy_mark" "$rh_policy"; then rm -f "$rh_policy"; fi
	command -v systemctl >/dev/null || return 0
	for name in "$@"; do
		systemctl disable "$name" >/dev/null 2>&1 </dev/null || true
	done
}

rh_missing() {
	local name
	for name in $(rh_packages "${1:-}"); do
		case $(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null) in
		installed) ;;
		*) printf '%s\n' "$name" ;;
		esac
	done
}

# One line out of an apt log: the first error, else the last line.
rh_apt_reason() {
	grep -m 1 '^E: ' "$1" 2>/dev/null || tail -n 1 "$1"
}

# rh_install [check | long]: install what is missing, or say what to run. Nothing is asked of the archive when nothing is missing.
rh_install() {
	local missing services log=$logs/install.log
	command -v dpkg-query >/dev/null || rh_die "needs a Debian system (dpkg-query not found); packages are listed in tools/packages"
	rh_services_release 2>/dev/null
	missing=$(rh_missing "${1:-}" | tr '\n' ' ')
	[ -n "${missing// /}" ] || return 0
	if [ "$(id -u)" != 0 ]; then
		rh_die "packages are missing; as root run: apt-get install --no-install-recommends $missing"
	fi
	rh_say "installing: $missing(log $log)"
	# shellcheck disable=SC2086 # a list of words
	services=$(rh_services $missing)
	export DEBIAN_FRONTEND=noninteractive
	# An earlier run that was killed may have left packages unpacked: finish them first. A lock is waited for.
	dpkg --configure -a >"$log" 2>&1 </dev/null ||
		rh_die "dpkg cannot finish an earlier installation: $(rh_apt_reason "$log")"
	apt-get -o DPkg::Lock::Timeout=120 update >>"$log" 2>&1 </dev/null ||
		rh_die "apt-get update failed: $(rh_apt_reason "$log")"
	[ -z "$services" ] || rh_services_hold
	# shellcheck disable=SC2086 # a list of words
	apt-get -o DPkg::Lock::Timeout=120 install -y --no-install-recommends $missing >>"$log" 2>&1 </dev/null
	local status=$?
	# shellcheck disable=SC2086 # a list of words
	rh_services_release $services
	[ "$status" = 0 ] || rh_die "apt-get install failed: $(rh_apt_reason "$log")"
	missing=$(rh_missing "${1:-}" | tr '\n' ' ')
	[ -z "${missing// /}" ] || rh_die "still missing after installation: $missing(log $log)"
}

# rh_configure DIR [meson options]: set up a build directory, again from nothing when an earlier attempt was cut short.
rh_configure() {
	local dir=$1 log=$logs/configure-$1.log
	shift
	if [ -f "$top/$dir/build.ninja" ] && [ -f "$top/$dir/meson-private/coredata.dat" ] &&
		meson configure "$top/$dir" "$@" >"$log" 2>&1 </dev/null; then
		return 0
	fi
	rm -rf "${top:?}/$dir"
	(cd "$top" && meson setup "$dir" "$@") >"$log" 2>&1 </dev/null || {
		tail -n 15 "$log" >&2
		rh_die "meson setup $dir failed (log $log)"
	}
}

# rh_build DIR [targets]: ninja, with the end of the log on failure. Returns ninja's verdict.
rh_build() {
	local dir=$1 log=$logs/build-$1.log
	shift
	ninja -C "$top/$dir" "$@" >"$log" 2>&1 </dev/null && return 0
	grep -m 5 -A 8 -E 'FAILED|error:' "$log" >&2 || tail -n 20 "$log" >&2
	rh_say "building $dir failed (log $log)" >&2
	return 1
}
