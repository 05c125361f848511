#!/usr/bin/env bash
# Install what is missing, then start s2s-live with the given arguments: bash packaging/run.sh [arguments]
HERE=$PWD
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
set_up run
cd "$HERE" # file names in the arguments are meant from where the user stands
exec "$ROOT/.venv/bin/s2s-live" "$@"
