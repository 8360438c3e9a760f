# The libraries of package-lock.json. To be sourced; needs $home and say.bash.
: "${home:?set by tools/setup}"

setup_node() {
  command -v node >/dev/null || die 'node is not on PATH' 'install Node.js 20.19 or later with its npm'
  local stamp=$home/node_modules/.kiln-lock want
  want=$(sha256sum <"$home/package-lock.json")
  if [ "$(cat "$stamp" 2>/dev/null)" != "$want" ]; then
    step 'libraries of package-lock.json' install_node
    echo "$want" >"$stamp"
  fi
  # `npx cdktf` then has kiln's Terraform settings without a word (docs/terraform.md).
  ln -sfn ../../tools/cdktf "$home/node_modules/.bin/cdktf"
}

install_node() {
  local log=$home/.kiln/logs/npm.log
  # No library needs its install script here, and one that did would fetch from who knows where.
  if ! npm ci --prefix "$home" --ignore-scripts --no-audit --no-fund >"$log" 2>&1; then
    tail -n 15 "$log" >&2
    die 'npm ci failed' "the whole log: $log"
  fi
}
