#!/bin/bash
# apptainer.sh COMMAND IMAGE [ARGUMENTS...]: `apptainer run|exec|inspect|test IMAGE …`, by the machine's own apptainer
# where there is one, else by the builder image's (root only).
set -euo pipefail
command=${1:?usage: apptainer.sh COMMAND IMAGE [ARGUMENTS...]} image=$(readlink -f "${2:?which image?}")
shift 2
for program in apptainer singularity; do
	if type "$program" >/dev/null 2>&1; then exec "$program" "$command" "$image" "$@"; fi
done
if [ "$(id -u)" -ne 0 ]; then
	echo "To run $image, install apptainer: apptainer $command $image" >&2
	exit 3
fi
exec "$(dirname "$0")/in-builder-image.sh" --bind "$image:/image.sif" apptainer --silent "$command" /image.sif "$@"
