# shellcheck shell=bash
# Functions that the scripts of this folder share. Sourcing it enters the project's folder and changes nothing else.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Prints a line about the script's progress, on standard error.
say() { printf '%s\n' "$*" >&2; }

have() { command -v "$1" >/dev/null 2>&1; }

# Ends the script if a required program is missing.
need() {
  local program
  for program in "$@"; do
    have "$program" || { say "error: $program is not installed; this script needs it"; exit 1; }
  done
}

# Reads cargo's messages on standard input and shows the progress: one changing line on a terminal, otherwise a line now and then.
# It shows everything from the first error on.
progress() {
  local line count=0 terminal=''
  [ ! -t 2 ] || terminal=yes
  while IFS= read -r line; do
    case $line in
      *' Compiling '* | *' Checking '* | *' Documenting '*)
        count=$((count + 1))
        if [ -n "$terminal" ]; then
          printf '\r\033[K  %d compiled: %s' "$count" "${line#*ing }" >&2
        elif [ $((count % 50)) -eq 0 ]; then
          say "  $count compiled"
        fi ;;
      *' Blocking '*) say '  Another cargo is building in this folder; waiting for it.' ;;
      error*)
        [ -z "$terminal" ] || printf '\r\033[K' >&2
        printf '%s\n' "$line" >&2
        cat >&2 ;;
    esac
  done
  [ -z "$terminal" ] || printf '\r\033[K' >&2
}

# Prints the path of paraph: $PARAPH if it is set; otherwise of a build of this checkout, in the development profile that the tests use too.
built_paraph() {
  if [ -n "${PARAPH:-}" ]; then
    realpath "$PARAPH"
    return
  fi
  need cargo
  say 'Building paraph; the first time takes some minutes.'
  { cargo build --locked --bin paraph --message-format json-render-diagnostics 2>&1 >&3 3>&- | progress; } 3>&1 |
    sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' | tail -n 1
}
