# shellcheck shell=bash
# Sourced by stop.sh for a machine without a sandbox: ends the daemon's session, everything that descends from it, and
# everything that has the machine's marker in its environment, until nothing is left.
leader=
for ((i = 0; i < ${#pids[@]}; i++)); do [ "${names[i]}" != launcher ] || leader=${pids[i]}; done

# Sets `found` to the processes that belong to the machine.
find_stragglers() {
	local entry pid stat changed=1 marked
	local -A parent=() session=() member=()
	found=()
	for entry in /proc/[0-9]*; do
		pid=${entry#/proc/} stat=''
		{ read -r -d '' stat <"$entry/stat"; } 2>/dev/null || [ -n "$stat" ] || continue
		# shellcheck disable=SC2086
		set -- ${stat##*) }
		[ "$1" != Z ] || continue
		parent[$pid]=$2 session[$pid]=$4
	done
	for pid in "${!parent[@]}"; do
		[ -n "$leader" ] && { [ "$pid" = "$leader" ] || [ "${session[$pid]}" = "$leader" ]; } && member[$pid]=1
	done
	while read -r marked; do
		marked=${marked#/proc/} && member[${marked%%/*}]=1
	done < <(grep -lsazxF "$marker" /proc/[0-9]*/environ)
	while [ -n "$changed" ]; do
		changed=
		for pid in "${!parent[@]}"; do
			[ -z "${member[$pid]:-}" ] && [ -n "${member[${parent[$pid]}]:-}" ] && member[$pid]=1 changed=1
		done
	done
	unset "member[$$]"
	found=("${!member[@]}")
}
for ((attempt = 0; attempt < 100; attempt++)); do
	find_stragglers
	[ ${#found[@]} != 0 ] || break
	end "${found[@]}"
	nap 0.01
done
