#!/bin/bash
# The endpoint is a second name of the socket that the daemon made before it served anybody. Then the directory, which
# is on this machine's own file system, is closed to the sandbox: a build's root can neither put something else in the
# socket's place nor fill the file system up.
set -euo pipefail
# shellcheck source=library.sh
source "$SCRIPTS/library.sh"
record pinner $$
socket=$MACHINE/s/builder.sock pause=0.005
until [ -S "$socket" ] && [ ! -L "$socket" ]; do
	[ -d "/proc/$LAUNCHER_PID" ] || exit 0
	nap "$pause"
	[ "$SECONDS" -lt 60 ] || pause=0.5
done
rm -f "$MACHINE/s/bootstrap.json"
# Here 0 is root, or the user.
chown 0:0 "$MACHINE/s"
chmod 700 "$MACHINE/s"
# The user may not open it otherwise. Nobody else comes past the directories.
[ "$MODE" = root ] || chmod 666 "$socket"
ln -P "$socket" "$MACHINE/builder.sock"
