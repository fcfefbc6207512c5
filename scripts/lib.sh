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

# Reads what cargo says and shows how far it is: one line that changes on a terminal, otherwise a line now and then.
# Everything is kept in the file $1, and shown where a crate does not compile.
progress() {
  local line count=0 terminal=
  [ -t 2 ] && terminal=yes
  while IFS= read -r line; do
    printf '%s\n' "$line" >>"$1"
    case $line in
      *Compiling*|*Checking*|*Documenting*)
        count=$((count + 1))
        if [ -n "$terminal" ]; then
          printf '\r\033[K  %d compiled: %s' "$count" "${line##* Compiling }" >&2
        elif [ $((count % 50)) -eq 0 ]; then
          say "  $count compiled"
        fi ;;
      *Blocking*) say "  waiting: another cargo builds in this folder" ;;
      error*) printf '%s\n' "$line" >&2; cat >&2 ;; # from here on everything
    esac
  done
  if [ -n "$terminal" ] && [ "$count" -gt 0 ]; then printf '\r\033[K' >&2; fi
}

# Prints the path of the paraph that is built: $PARAPH where it is set, otherwise made from this checkout.
# The development profile is what the tests use as well, and builds several times faster than the release profile.
built_paraph() {
  if [ -n "${PARAPH:-}" ]; then
    printf '%s\n' "$PARAPH"
    return
  fi
  need cargo
  say "Building paraph (the first time takes some minutes)..."
  local log built
  log=$(mktemp)
  built=$(cargo build --locked --bin paraph --message-format json-render-diagnostics 2> >(progress "$log") |
    sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' | tail -n 1) || { tail -n 20 "$log" >&2; rm -f "$log"; return 1; }
  rm -f "$log"
  printf '%s\n' "$built"
}
