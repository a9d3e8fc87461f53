#!/bin/bash
# The launcher. Standard output goes to the supervisor, standard input comes from it.
set -euo pipefail
# shellcheck source=library.sh
source "$SCRIPTS/library.sh"
record launcher $$
while read -r verb path _; do [ "$verb" != enter ] || echo 0 >"$path"; done <"$MACHINE/resources"
close_others
unset RULES RESOURCES
if [ "$MODE" = root ]; then
	exec setsid unshare --mount --propagation private -- bash "$SCRIPTS/assemble.sh" "$@"
fi
net=()
[ "$NETWORK" = shared ] || net=(--net)
# Root's capabilities come with the first `exec` after the ids are mapped.
# shellcheck disable=SC2016
exec setsid unshare --user "${net[@]}" --mount --propagation private -- bash -c '
	echo namespaces; read -r _ || exit 1
	exec bash "$SCRIPTS/assemble.sh" "$@"' bash "$@"
