#!/bin/bash
# bare-build.sh PID [OPTIONS...] <DEFINITION: `apptainer build` as one would call it by hand in the sandbox of that process, as
# the user that builds there run as, with the options that they have. The image is looked at and removed.
set -euo pipefail
pid=$1
shift
exec nsenter -t "$pid" -a -S 0 -G 0 /bin/bash -euc '
	directory=$(mktemp -d /var/lib/container-builder/bare-XXXXXX)
	trap "rm -rf $directory" EXIT
	cd "$directory"
	mkdir home tmp cache run
	cat >app.def
	chown -R builder:builder "$directory"
	env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 TERM=dumb \
		HOME="$directory/home" TMPDIR="$directory/tmp" XDG_RUNTIME_DIR="$directory/run" \
		APPTAINER_TMPDIR="$directory/tmp" APPTAINER_CACHEDIR="$directory/cache" \
		setpriv --reuid=builder --regid=builder --init-groups apptainer build --force --fakeroot "$@" app.sif app.def
	test -s app.sif
' bare "$@"
