# What every part of tools/ says, and how it fails: what, and the way out. To be sourced.

say() { printf '%s\n' "$*" >&2; }

die() { # WHAT [WAY OUT]...
  printf 'kiln: %s\n' "$1" >&2
  shift
  printf '  %s\n' "$@" >&2
  exit 3
}

# Sets elapsed seconds of a step beside its name.
step() { # NAME COMMAND...
  local name=$1 began=$SECONDS
  shift
  say "setup: $name ..."
  "$@"
  say "setup: $name: done in $((SECONDS - began)) s"
}
