# shellcheck shell=bash
# Sourced by the other scripts. A process is named by its pid and the time it was started: the pair is never used again.

exec {nap_fd}<> <(:)
# Waits for a moment without starting a process.
nap() { read -r -t "${1:-0.005}" -u "$nap_fd" _ || :; }

# Closes all that a process was handed beyond its standard streams; 255 is bash's own, and goes with it.
close_others() {
	local descriptor
	for descriptor in /proc/"$BASHPID"/fd/*; do
		descriptor=${descriptor##*/}
		case $descriptor in 0 | 1 | 2 | 255) ;; *) eval "exec $descriptor>&-" ;; esac
	done
}

# start_time PID: sets START (ticks since boot) and STATE; fails where there is no such process.
start_time() {
	local stat='' IFS=$' \t\n'
	{ read -r -d '' stat <"/proc/$1/stat"; } 2>/dev/null || [ -n "$stat" ] || return 1
	# The name, in parentheses, may hold anything.
	# shellcheck disable=SC2086
	set -- ${stat##*) }
	STATE=$1 START=${20}
}

# alive PID START: whether that very process runs; a zombie does not.
alive() {
	local START STATE
	start_time "$1" && [ "$START" = "$2" ] && [ "$STATE" != Z ] && [ "$STATE" != X ]
}

# record NAME PID: so that any other process can find it, and end it.
record() {
	local START STATE
	start_time "$2" && printf '%s %s %s\n' "$1" "$2" "$START" >>"$MACHINE/processes"
}
