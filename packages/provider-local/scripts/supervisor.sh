#!/bin/bash
# One for each machine, in a session of its own: makes it, waits, and takes it down when the pipe on its standard
# input ends, after LIFETIME seconds, or at SIGTERM. Nothing exists before the two lines on its input are read.
#
#   in          META (base64) · BOOTSTRAP (base64) · 'keep': from here on the end of the input means nothing
#   out         'exists' | 'running' | 'failed REASON' and the last lines of the log
#   arguments   the command of the machine's init
#
# Everything else about the machine is in the environment; see src/supervisor.ts.
set -uo pipefail
umask 077
# shellcheck source=library.sh
source "$SCRIPTS/library.sh"

exec 3<&0 4>&1 </dev/null >/dev/null
# Nobody may be there to be told. To ignore the signal would be handed on to the machine.
trap : PIPE
read -r meta <&3 && read -r bootstrap <&3 || exit 1

# All that is to be ended is in the list of processes, or this process's child.
end_children() {
	local child
	for child in $(jobs -p); do kill -KILL "$child" 2>/dev/null || :; done
}
teardown() {
	trap '' TERM
	bash "$SCRIPTS/stop.sh" "$MACHINE" processes
	end_children
	exec bash "$SCRIPTS/stop.sh" "$MACHINE"
}

# A machine's directory appears with its record and its supervisor in it; that it can appear only once decides between
# two that want the same machine.
place=$MACHINE
MACHINE=$place.$$
mkdir "$MACHINE" || {
	echo "failed $MACHINE cannot be made" >&4
	exit 1
}
exec 2>"$MACHINE/supervisor.log"
read -r boot </proc/sys/kernel/random/boot_id
echo "boot $boot 0" >"$MACHINE/processes"
record supervisor $$
record manager $PPID
printf '%s' "$meta" | base64 -d >"$MACHINE/meta.json"
printf '%s' "$RESOURCES" >"$MACHINE/resources"
mv -T "$MACHINE" "$place" || {
	rm -rf "$MACHINE"
	[ -d "$place" ] && echo exists >&4
	exit 0
}
MACHINE=$place
trap teardown TERM

# The tether. `read` ends at a line, at the end of the input, and when the time is up.
{
	record watcher "$BASHPID"
	read -r -t "$LIFETIME" -u 3 word && [ "$word" = keep ] && nap "$LIFETIME"
	kill -TERM $$
} 4>&- &
exec 3<&-

# What the machine says: at most half a mebibyte of it, whatever the machine does. `log.1` is the part before `log`.
exec 5> >(
	exec 4>&-
	trap '' TERM
	while stdbuf -o0 head -c 262144 >"$MACHINE/log" && [ "$(stat -c %s "$MACHINE/log")" = 262144 ]; do
		mv -f "$MACHINE/log" "$MACHINE/log.1"
	done
)
logger=$!
record logger "$logger"

fail() {
	trap '' TERM
	bash "$SCRIPTS/stop.sh" "$MACHINE" processes
	end_children
	exec 5>&-
	local i
	for i in {1..100}; do kill -0 "$logger" 2>/dev/null && nap || break; done
	{
		printf 'failed %s\n' "$*"
		tail -q -n 20 "$MACHINE/log" "$MACHINE/supervisor.log" 2>/dev/null
	} >&4
	exec 4>&-
	exec bash "$SCRIPTS/stop.sh" "$MACHINE"
}

# Defines `start`, which makes the machine and sets `launcher`, a child of this process that lives as long as it.
# shellcheck source=sandbox.sh
source "$SCRIPTS/$KIND.sh"
start "$@"
echo running >&4
exec 4>&- 5>&-

wait "$launcher"
# It ended by itself: what is left of it goes, its state stays until somebody has seen it.
bash "$SCRIPTS/stop.sh" "$MACHINE" processes
while wait -n || [ $? != 127 ]; do :; done
teardown
