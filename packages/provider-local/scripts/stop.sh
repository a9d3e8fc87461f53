#!/bin/bash
# stop.sh MACHINE [processes]: ends all of a machine, also of a half-made one, and removes it; with `processes`, its
# state, its log and its supervisor stay. Needs nobody who knows the machine, may run several times at once.
set -uo pipefail
MACHINE=$1 only=${2:-}
SCRIPTS=$(dirname "${BASH_SOURCE[0]}")
# shellcheck source=library.sh
source "$SCRIPTS/library.sh"

{ exec 7<"$MACHINE"; } 2>/dev/null || exit 0
flock -w 60 7 || { echo "$MACHINE is being removed by somebody else who does not get on" >&2; exit 1; }
# Somebody else was quicker.
[ "$MACHINE" -ef /proc/$$/fd/7 ] || exit 0
[ -n "$only" ] || : >"$MACHINE/deleting"

groups=() disk='' ids=() marker='' names=() pids=() starts=()
while read -r verb path value; do
	case $verb in
	make) groups+=("$path") ;;
	disk) disk=$path ;;
	ids) ids=("$path" "$value") ;;
	marker) marker=$path ;;
	esac
done 2>/dev/null <"$MACHINE/resources"
read -r boot </proc/sys/kernel/random/boot_id
while read -r name pid start; do
	case $name in
	# Of a boot that is over: no pid means anything.
	boot) [ "$pid" = "$boot" ] || break ;;
	manager) ;;
	supervisor | watcher | logger) [ -n "$only" ] || [ "$pid" = $$ ] || { names+=("$name") pids+=("$pid") starts+=("$start"); } ;;
	*) names+=("$name") pids+=("$pid") starts+=("$start") ;;
	esac
done 2>/dev/null <"$MACHINE/processes"

end() { kill -KILL "$@" 2>/dev/null || :; }

# Nothing new.
for group in "${groups[@]}"; do
	[ ! -e "$group/pids.max" ] || echo 0 >"$group/pids.max"
	[ ! -e "$group/cgroup.kill" ] || echo 1 >"$group/cgroup.kill"
done 2>/dev/null
# The init before its launcher, whose child it is; with it goes everything in its namespace.
for ((i = ${#pids[@]} - 1; i >= 0; i--)); do
	case ${names[i]} in launcher | logger | pinner) [ -z "$marker" ] ;; *) false ;; esac && alive "${pids[i]}" "${starts[i]}" || continue
	children=''
	# The file has no newline at its end, which `read` does not like.
	{ read -r children <"/proc/${pids[i]}/task/${pids[i]}/children"; } 2>/dev/null || :
	for child in $children; do
		start_time "$child" || continue
		end "$child"
		names+=(child) pids+=("$child") starts+=("$START")
	done
done
# shellcheck source=stragglers.sh
[ -z "$marker" ] || source "$SCRIPTS/stragglers.sh"
for ((i = 0; i < ${#pids[@]}; i++)); do alive "${pids[i]}" "${starts[i]}" && end "${pids[i]}"; done

for ((attempt = 0; ; attempt++)); do
	left=()
	for group in "${groups[@]}"; do
		while read -r procs; do
			mapfile -t -O "${#left[@]}" left <"$procs"
		done < <(find "$group" -name cgroup.procs 2>/dev/null)
	done 2>/dev/null
	[ ${#left[@]} = 0 ] || end "${left[@]}"
	for ((i = 0; i < ${#pids[@]}; i++)); do alive "${pids[i]}" "${starts[i]}" && left+=("${pids[i]}"); done
	[ ${#left[@]} != 0 ] || break
	[ "$attempt" -lt 500 ] || { echo "processes ${left[*]} of $MACHINE do not end" >&2; exit 1; }
	nap 0.01
done
[ -z "$only" ] || exit 0

# Mounts and loop device go by themselves with the last process.
if [ -n "$disk" ]; then
	for ((attempt = 0; attempt < 500; attempt++)); do
		used=
		for loop in /sys/block/loop*/loop/backing_file; do
			{ read -r file <"$loop"; } 2>/dev/null && [ "${file% (deleted)}" = "$disk" ] && used=$loop
		done
		[ -n "$used" ] || break
		[ "$attempt" != 100 ] || { used=${used#/sys/block/} && losetup -d "/dev/${used%%/*}"; }
		nap 0.01
	done
	[ ! -e "$disk" ] || bash "$SCRIPTS/remove.sh" "$disk" || exit 1
fi
for ((i = ${#groups[@]} - 1; i >= 0; i--)); do
	# Busy as long as a process that ended has not been collected.
	for ((attempt = 0; attempt < 500; attempt++)); do
		[ -d "${groups[i]}" ] || break
		find "${groups[i]}" -depth -type d -exec rmdir {} + && break
		nap 0.01
	done 2>/dev/null
	[ ! -d "${groups[i]}" ] || { echo "${groups[i]} cannot be removed" >&2; exit 1; }
	rmdir "$(dirname "${groups[i]}")" 2>/dev/null || :
done
# What says that there is something comes last.
bash "$SCRIPTS/remove.sh" "$MACHINE"
