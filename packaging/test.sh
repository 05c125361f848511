#!/usr/bin/env bash
# Install what is missing, the virtual sound card and screen included, then check everything.
#   bash packaging/test.sh                  all of it
#   bash packaging/test.sh -m "not slow"    further arguments go to pytest
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
set_up test

failed=
check() { # check NAME COMMAND...: go on after a failure, so that one run shows all of them
  local name=$1
  shift
  echo "== $name" >&2
  "$@" || failed="$failed $name"
}

# As in the app: waiting threads of the numeric libraries must not spin, least of all on a busy machine.
export OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-PASSIVE}

BIN=$ROOT/.venv/bin
check lint "$BIN/ruff" check .
check format "$BIN/ruff" format --check .
check types "$BIN/mypy"
check rooms "$BIN/lint-imports"
check tests "$PY" -m pytest "$@"

if [ -n "$failed" ]; then
  say "failed:$failed"
  exit 1
fi
say "all checks passed"
