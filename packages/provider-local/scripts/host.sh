# shellcheck shell=bash
# Sourced by supervisor.sh: `start` for a machine without a sandbox. The daemon runs as the caller, in a session and a
# directory of its own; its environment carries a mark by which stop.sh finds what it leaves.
start() {
	local i
	printf '%s' "$bootstrap" | base64 -d >"$MACHINE/bootstrap.json" || fail 'its bootstrap cannot be written'
	bootstrap=
	mkdir "$WORK" || fail 'its directory cannot be made'
	# shellcheck disable=SC2016
	bash -c '
		source "$SCRIPTS/library.sh"
		record launcher $$
		close_others
		cd "$WORK"
		umask 022
		[ -n "$LC_ALL" ] || unset LC_ALL
		export "${MARKER?}"
		unset SCRIPTS MACHINE KIND LIFETIME RESOURCES WORK MARKER
		exec setsid "$@"' bash "$@" </dev/null >&5 2>&5 4>&- 5>&- &
	launcher=$!
	# It runs when it is no longer the shell that makes room for it.
	for ((i = 0; i < 2000; i++)); do
		kill -0 "$launcher" 2>/dev/null || fail 'it did not start'
		[ "/proc/$launcher/exe" -ef "$1" ] && break
		nap 0.002
	done
	record init "$launcher" || fail 'it did not start'
}
