# .venv: the Python libraries of tools/python/requirements.txt. To be sourced; needs $home and say.bash.
: "${home:?set by tools/setup}"

setup_python() {
  local venv=$home/.venv want
  want="$(sha256sum <"$home/tools/python/requirements.txt") $(python3 --version)"
  [ "$(cat "$venv/.kiln-requirements" 2>/dev/null)" != "$want" ] || return 0
  python3 -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' ||
    die "python3 is $(python3 --version), its libraries are pinned for 3.11" \
      'put a Python 3.11 first on PATH, or pin them anew: tools/python/pin'
  step 'Python libraries of tools/python/requirements.txt' install_python "$venv"
  echo "$want" >"$venv/.kiln-requirements"
}

install_python() { # FOLDER
  local log=$home/.kiln/logs/pip.log
  if ! { python3 -m venv --clear "$1" &&
    "$1/bin/python" -m pip install --require-hashes --only-binary :all: --no-input \
      --disable-pip-version-check --requirement "$home/tools/python/requirements.txt"; } >"$log" 2>&1; then
    tail -n 15 "$log" >&2
    die 'the Python libraries could not be installed' "the whole log: $log"
  fi
}
