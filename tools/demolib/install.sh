# Shared by tools/demo and tools/check: packages and build. Sourced by bash, with $top set to the checkout's root and
# $logs to a folder for logs. Needs nothing that a minimal Debian 12 does not have.

rh_say() { printf '%s: %s\n' "${0##*/}" "$*"; }
rh_die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

# rh_packages [long]: names in tools/packages, without those marked [long] unless asked for.
rh_packages() {
	local name rest
	while read -r name rest; do
		case $name in '' | '#'*) continue ;; esac
		case $rest in *'[long]'*) [ "${1:-}" = long ] || continue ;; esac
		printf '%s\n' "$name"
	done <"$top/tools/packages"
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

# rh_install [long]: install what is missing, or say what to run. Nothing is asked of the archive when nothing is missing.
rh_install() {
	local missing log=$logs/install.log
	command -v dpkg-query >/dev/null || rh_die "needs a Debian system (dpkg-query not found); packages are listed in tools/packages"
	missing=$(rh_missing "${1:-}" | tr '\n' ' ')
	[ -n "${missing// /}" ] || return 0
	if [ "$(id -u)" != 0 ]; then
		rh_die "packages are missing; as root run: apt-get install --no-install-recommends $missing"
	fi
	rh_say "installing: $missing(log $log)"
	export DEBIAN_FRONTEND=noninteractive
	# An earlier run that was killed may have left packages unpacked: finish them first. A lock is waited for.
	dpkg --configure -a >"$log" 2>&1 </dev/null ||
		rh_die "dpkg cannot finish an earlier installation: $(rh_apt_reason "$log")"
	apt-get -o DPkg::Lock::Timeout=120 update >>"$log" 2>&1 </dev/null ||
		rh_die "apt-get update failed: $(rh_apt_reason "$log")"
	# shellcheck disable=SC2086 # a list of words
	apt-get -o DPkg::Lock::Timeout=120 install -y --no-install-recommends $missing >>"$log" 2>&1 </dev/null ||
		rh_die "apt-get install failed: $(rh_apt_reason "$log")"
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
