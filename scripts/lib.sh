# shellcheck shell=bash
# What the scripts of this folder share. It is sourced, and changes nothing but the current folder: that of the project.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# A line about what the script does, on standard error.
say() { printf '%s\n' "$*" >&2; }

have() { command -v "$1" >/dev/null 2>&1; }

# Ends the script where a program is missing that nothing works without.
need() {
  local program
  for program in "$@"; do
    have "$program" || { say "error: $program is not installed, and this script needs it."; exit 1; }
  done
}

# Reads what cargo says on standard input and shows how far it is: one line that changes on a terminal, otherwise a line now and then.
# From an error on, everything is shown.
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
      *' Blocking '*) say '  Another cargo builds in this folder; waiting for it.' ;;
      error*)
        [ -z "$terminal" ] || printf '\r\033[K' >&2
        printf '%s\n' "$line" >&2
        cat >&2 ;;
    esac
  done
  [ -z "$terminal" ] || printf '\r\033[K' >&2
}

# Prints the path of paraph: $PARAPH where it is set; otherwise it is built from this checkout.
# The development profile is what the tests use as well, and builds several times faster than the release profile.
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
