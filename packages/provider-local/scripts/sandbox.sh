# shellcheck shell=bash
# Sourced by supervisor.sh: `start` for a sandbox.
#
#   launch.sh     the launcher: enters its cgroups, then (root) a mount namespace of its own
#   assemble.sh   puts together on one tmpfs what the sandbox is made of
#   outer.sh      root of the OUTER user namespace, which owns the network namespace and its filter
#   inner.sh      root of the INNER one, which has no power over the outer: overlay, pivot_root, init
#
# Root's outer namespace is owned by the id before FIRST, which has no other processes; a user's by the user.

start() {
	local verb path value word owner=$((FIRST - 1)) init i
	make_cgroups || fail 'its control groups cannot be made'
	[ "$DISK" != image ] || make_image || fail "its disk $DISK_PATH cannot be made"
	mkdir "$MACHINE/s" && printf '%s' "$bootstrap" | base64 -d >"$MACHINE/s/bootstrap.json" || fail 'its directory cannot be made'
	[ "$MODE" != root ] || chown -R "$FIRST:$FIRST" "$MACHINE/s" || fail 'its directory cannot be made'
	bootstrap=

	coproc LAUNCHER { exec bash "$SCRIPTS/launch.sh" "$@"; } 2>&5 4>&- 5>&-
	launcher=$LAUNCHER_PID
	local from=${LAUNCHER[0]} to=${LAUNCHER[1]}
	read -r -t 30 -u "$from" word && [ "$word" = namespaces ] || fail 'its namespaces cannot be made'
	map_ids || fail 'its ids cannot be mapped'
	# How a command becomes one of the owner of the sandbox's network.
	local enter=(nsenter -t "$launcher" -n)
	[ "$MODE" = root ] || enter=(nsenter -t "$launcher" -U -n --preserve-credentials)
	case $NETWORK in
	none) inside ip link set lo up || fail 'its network cannot be made' ;;
	isolated) isolate || fail 'its network cannot be made' ;;
	esac
	# As root of the outer namespace, which the launcher is about to leave.
	LAUNCHER_PID=$launcher outside bash "$SCRIPTS/pin.sh" 2>&5 4>&- 5>&- &
	echo go >&"$to" || fail 'it ended too early'
	read -r -t 30 -u "$from" word && [ "$word" = init ] || fail 'its file system cannot be put together'

	# The file has no newline at its end, which `read` does not like.
	read -r init _ <"/proc/$launcher/task/$launcher/children" || :
	record init "${init:-none}" || fail 'its init did not start'
	# It runs when its name is no longer that of the shell that makes room for it.
	for ((i = 0; i < 2000; i++)); do
		{ read -r word <"/proc/$init/comm"; } 2>/dev/null || fail 'its init did not start'
		[ "$word" != tini ] || break
		nap 0.002
	done
	[ "$word" = tini ] || fail 'its init did not start'
}

make_cgroups() {
	local verb path value attempt
	while read -r verb path value; do
		case $verb in
		# Who removes the last of ours removes the directory above it too.
		make) for attempt in 1 2 3 4 5; do mkdir -p "$path" && break; done && [ -d "$path" ] || return 1 ;;
		enable) { echo "$value" >"$path"; } 2>/dev/null || : ;;
		set) echo "$value" >"$path" || return 1 ;;
		esac
	done <"$MACHINE/resources"
}

make_image() {
	truncate -s "$DISK_BYTES" "$DISK_PATH" && mkfs.ext4 -q -F -m 0 -O '^has_journal,^resize_inode' \
		-E "root_owner=$FIRST:$FIRST,lazy_itable_init=1,nodiscard" "$DISK_PATH"
}

map_ids() {
	if [ "$MODE" = root ]; then
		echo "0 $owner $((COUNT + 1))" >"/proc/$launcher/uid_map" && echo "0 $owner $((COUNT + 1))" >"/proc/$launcher/gid_map"
	else
		newuidmap "$launcher" 0 "$(id -u)" 1 1 "$FIRST" "$COUNT" && newgidmap "$launcher" 0 "$(id -g)" 1 1 "$FIRST" "$COUNT"
	fi
}

# Runs a command as the owner of the sandbox's network.
inside() { "${enter[@]}" "$@"; }

# Runs a command as the one who has power over all of the sandbox's files.
outside() {
	if [ "$MODE" = root ]; then "$@"; else nsenter -t "$launcher" -U --preserve-credentials "$@"; fi
}

# The filter first, the way out after it.
isolate() {
	local pasta as=() i
	# shellcheck disable=SC2016
	printf '%s' "$RULES" | inside sh -ec 'ip link set lo up
		echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start
		echo "0 $COUNT" >/proc/sys/net/ipv4/ping_group_range
		nft -f -' 2>&5 || return 1
	# It runs as the owner of the sandbox's network, who may not open this machine's tun everywhere.
	# shellcheck disable=SC2016
	[ "$MODE" != root ] || as=(unshare --mount --propagation private -- sh -c '
		mount -t tmpfs -o size=4k,mode=755 net /dev/net && mknod -m 666 /dev/net/tun c 10 200
		owner=$0 && exec setpriv --reuid "$owner" --regid "$owner" --clear-groups "$@"' "$owner")
	# shellcheck disable=SC2086
	helper pasta "${as[@]}" pasta -q -f --config-net --no-map-gw -t none -u none -T none -U none $PASTA_OPTIONS "$launcher"
	pasta=$!
	for ((i = 0; i < 2000; i++)); do
		! has_route || break
		kill -0 "$pasta" 2>/dev/null || return 1
		nap
	done
	[ "$i" -lt 2000 ] || return 1
	[ -z "$FORWARD" ] || forward
}

# helper NAME COMMAND...: starts what serves the sandbox: not under its limits, but found and ended with it.
helper() {
	local name=$1 verb path
	shift
	(
		while read -r verb path _; do [ "$verb" != helper ] || echo 0 >"$path"; done <"$MACHINE/resources"
		close_others
		exec "$@"
	) >&5 2>&5 4>&- 5>&- &
	record "$name" $!
}

# Ports of this machine's loopback on the sandbox's own: two relays each, which meet at a unix socket. Not by pasta's
# own -T: that of Debian 12 (2023-03) now and then stands still in the middle of a transfer.
forward() {
	local port i as=() at=(env -C "$MACHINE/f") relay=(socat -b 65536 -t 60)
	mkdir "$MACHINE/f" || return 1
	if [ "$MODE" = root ]; then
		chown "$owner:$owner" "$MACHINE/f" || return 1
		as=(setpriv --reuid "$owner" --regid "$owner" --clear-groups)
	fi
	for port in $FORWARD; do
		helper "relay-$port-outside" "${at[@]}" "${as[@]}" "${relay[@]}" "UNIX-LISTEN:$port,fork,mode=600" "TCP4:127.0.0.1:$port"
		helper "relay-$port-inside" "${at[@]}" "${enter[@]}" "${as[@]}" \
			"${relay[@]}" "TCP4-LISTEN:$port,bind=127.0.0.1,fork,reuseaddr,backlog=128" "UNIX-CONNECT:$port"
	done
	for port in $FORWARD; do
		for ((i = 0; i < 2000; i++)); do
			{ [ -S "$MACHINE/f/$port" ] && listens "$port" && break; } || nap
		done
		[ "$i" -lt 2000 ] || return 1
	done
}

# Whether something in the sandbox listens on a port of 127.0.0.1.
listens() {
	local wanted address state
	printf -v wanted '0100007F:%04X 0A' "$1"
	while read -r _ address _ state _; do
		[ "$address $state" != "$wanted" ] || return 0
	done <"/proc/$launcher/net/tcp"
	return 1
} 2>/dev/null

# Whether the sandbox has a default route, by IPv4 or IPv6.
has_route() {
	local device destination prefix rest
	while read -r device destination rest; do
		[ "$destination" != 00000000 ] || return 0
	done <"/proc/$launcher/net/route"
	while read -r destination prefix rest; do
		[ "$destination$prefix" != 0000000000000000000000000000000000 ] || [ "${rest##* }" = lo ] || return 0
	done <"/proc/$launcher/net/ipv6_route"
	return 1
} 2>/dev/null
