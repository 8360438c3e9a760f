# Terraform or OpenTofu, and a mirror for the providers that this machine holds or has to make.
# To be sourced; needs $home, $cache and say.bash.
: "${home:?set by tools/setup}" "${cache:?set by tools/setup}"

# The official release; the sha256 is the one published with it.
tofu_version=1.12.6
tofu_sha256=5dc43da4f750f33873dc25e94587128709e819e544b7be9016b255316153c3a8
tofu_address=https://github.com/opentofu/opentofu/releases/download/v$tofu_version/tofu_${tofu_version}_linux_amd64.zip
null_version=3.2.4

# Prints the program to use; nothing when there is none.
terraform_program() {
  command -v "${TERRAFORM_BINARY_NAME:-terraform}" || command -v tofu ||
    { [ -x "$cache/tools/opentofu-$tofu_version/tofu" ] && echo "$cache/tools/opentofu-$tofu_version/tofu"; } || true
}

download_tofu() {
  local folder=$cache/tools/opentofu-$tofu_version temp
  mkdir -p "$cache/tools"
  temp=$(mktemp -d "$cache/tools/.tofu-XXXXXX")
  if ! curl --silent --show-error --fail --location --connect-timeout 15 --output "$temp/tofu.zip" "$tofu_address" ||
    ! echo "$tofu_sha256  $temp/tofu.zip" | sha256sum --check --quiet; then
    rm -rf "$temp"
    die "neither terraform nor tofu is on PATH, and OpenTofu $tofu_version could not be had from its release page" \
      'install Terraform 1.5 or later, or OpenTofu 1.6 or later, so that it is on PATH' \
      "or unpack $(basename "$tofu_address") (sha256 $tofu_sha256) to $folder"
  fi
  unzip -q "$temp/tofu.zip" tofu -d "$temp" && rm "$temp/tofu.zip"
  rm -rf "$folder" && mv "$temp" "$folder"
}

# Folders that Terraform itself looks in, and one of the machine's own.
local_plugins() {
  printf '%s\n' "${KILN_TF_PLUGINS:-/opt/tf-plugins}" "$HOME/.terraform.d/plugins" \
    "${XDG_DATA_HOME:-$HOME/.local/share}/terraform/plugins" \
    /usr/local/share/terraform/plugins /usr/share/terraform/plugins
}

# Shows each unpacked provider in the mirror by a link at its platform, which is as deep as Terraform follows one.
link_local_plugins() {
  local folder leaf relative host
  while read -r folder; do
    for leaf in "$folder"/*/*/*/*/linux_amd64; do
      [ -d "$leaf" ] || continue
      relative=${leaf#"$folder"/*/}
      for host in "${registries[@]}"; do
        [ -e "$mirror/$host/$relative" ] && continue
        mkdir -p "$(dirname "$mirror/$host/$relative")"
        ln -sfn "$leaf" "$mirror/$host/$relative"
      done
    done
  done < <(local_plugins)
}

# The real null provider if a registry answers.
fetch_null() {
  local temp status=0
  temp=$(mktemp -d)
  printf 'terraform {\n  required_providers {\n    null = {\n      source  = "hashicorp/null"\n      version = "%s"\n    }\n  }\n}\n' \
    "$null_version" >"$temp/main.tf"
  (cd "$temp" && TF_CLI_CONFIG_FILE=/dev/null CHECKPOINT_DISABLE=1 timeout 120 "$terraform" providers mirror \
    -platform=linux_amd64 "$temp/out") >"$home/.kiln/logs/provider-null.log" 2>&1 || status=$?
  if [ $status -eq 0 ]; then
    mkdir -p "$mirror"
    cp -a "$temp/out/." "$mirror/"
  fi
  rm -rf "$temp"
  return $status
}

# Without a registry: the stand-in of tools/provider-null (docs/terraform.md).
build_null() {
  local log=$home/.kiln/logs/provider-null.log temp host leaf
  command -v go >/dev/null ||
    die 'no Terraform registry can be reached, and go, to build the stand-in of its null provider, is not on PATH' \
      "what Terraform said: $log" 'install Go 1.25 or later'
  mkdir -p "$mirror"
  temp=$(mktemp -d "$mirror/.null-XXXXXX")
  if ! (cd "$home/tools/provider-null" && CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS='-mod=readonly -buildvcs=false' \
    go build -trimpath -ldflags '-s -w' -o "$temp/terraform-provider-null_v$null_version" .) >>"$log" 2>&1; then
    rm -rf "$temp"
    tail -n 15 "$log" >&2
    die 'the stand-in of the null provider does not build' "the whole log: $log"
  fi
  for host in "${registries[@]}"; do
    leaf=$mirror/$host/hashicorp/null/$null_version/linux_amd64
    mkdir -p "$leaf"
    cp "$temp/terraform-provider-null_v$null_version" "$leaf/"
  done
  rm -rf "$temp"
}

obtain_null() {
  fetch_null && return 0
  say "setup: no Terraform registry answers from here: building tools/provider-null in its place (log: .kiln/logs/provider-null.log)"
  build_null
}

# The provider in the mirror is taken from there, every other one from where Terraform usually has it.
write_terraform_config() {
  local config=$cache/terraform/config.tfrc provider listed=() include
  for provider in "$mirror"/*/*/*; do
    [ -d "$provider" ] && listed+=("\"${provider#"$mirror"/}\"")
  done
  include=$(
    IFS=,
    echo "${listed[*]}"
  )
  # shellcheck disable=SC2016
  printf 'disable_checkpoint = true\nprovider_installation {\n  filesystem_mirror {\n    path    = "%s"\n    include = [%s]\n  }\n  direct {\n    exclude = [%s]\n  }\n}\n' \
    "$mirror" "$include" "$include" >"$config.$$"
  mv "$config.$$" "$config"
}

setup_terraform() {
  local terraform stamp=$cache/terraform/.stamp want
  terraform=$(terraform_program)
  if [ -z "$terraform" ]; then
    step "OpenTofu $tofu_version" download_tofu
    terraform=$(terraform_program)
  fi
  local mirror=$cache/terraform/mirror registries=(registry.terraform.io registry.opentofu.org)
  want="$terraform $(cat "$home"/tools/provider-null/{*.go,go.sum} "$home/tools/toolchain/terraform.bash" | sha256sum) $(
    local_plugins | while read -r folder; do echo "$folder"/*/*/*/*/*; done | sha256sum
  )"
  [ "$(cat "$stamp" 2>/dev/null)" != "$want" ] || return 0
  mkdir -p "$cache/terraform"
  rm -rf "$mirror"
  step "the null provider $null_version" obtain_null
  link_local_plugins
  write_terraform_config
  echo "$want" >"$stamp"
}
