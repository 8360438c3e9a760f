# Debian packages (tools/packages, tools/test-packages). To be sourced; needs $home and say.bash.
: "${home:?set by tools/setup}"

# Any one of the programs and files is enough.
present() { # PROGRAM OR FILE...
  local sign
  for sign in "$@"; do
    case $sign in
      /*) [ ! -e "$sign" ] || return 0 ;;
      *) ! command -v "$sign" >/dev/null || return 0 ;;
    esac
  done
  return 1
}

missing_packages() { # LIST
  local package signs
  while read -r package signs; do
    case $package in '' | '#'*) continue ;; esac
    # shellcheck disable=SC2086 # words
    present ${signs%%#*} || echo "$package"
  done <"$home/tools/$1"
}

install_packages() { # PACKAGE...
  export DEBIAN_FRONTEND=noninteractive
  local log=$home/.kiln/logs/apt.log
  if ! { apt-get -o DPkg::Lock::Timeout=300 update &&
    apt-get -o DPkg::Lock::Timeout=300 install --yes --no-install-recommends "$@"; } >"$log" 2>&1; then
    tail -n 15 "$log" >&2
    die "apt-get could not install: $*" "the whole log: $log"
  fi
}

setup_packages() {
  # Debian keeps these parts of Python in packages of their own.
  require_packages "$(missing_packages packages)
    $(python3 -c 'import ensurepip, pip' 2>/dev/null || echo 'python3-venv python3-pip')"
}

# What only the tests need: a browser among it, so not for everyone.
setup_tests() { require_packages "$(missing_packages test-packages)"; }

require_packages() { # PACKAGES, by white space
  local missing
  read -ra missing <<<"${1//$'\n'/ }" || true
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    die "this machine lacks: ${missing[*]}" \
      "as root: apt-get update && apt-get install ${missing[*]}" \
      "these are Debian's names; what is already on PATH from elsewhere is used as it is"
  fi
  step "Debian packages: ${missing[*]}" install_packages "${missing[@]}"
}
