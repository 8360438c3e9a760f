# shellcheck shell=bash
# Terraform's and CDKTF's settings for this checkout: `source tools/env.sh`. tools/cdktf does so by itself.
kiln_home=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)
kiln_cache=${KILN_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/kiln}

# A configuration of the caller's own counts if it exists; else the one tools/setup wrote.
if [ ! -f "${TF_CLI_CONFIG_FILE:-}" ]; then
  export TF_CLI_CONFIG_FILE=$kiln_cache/terraform/config.tfrc
fi
if [ -z "${TERRAFORM_BINARY_NAME:-}" ] && ! command -v terraform >/dev/null; then
  for kiln_tofu in "$(command -v tofu)" "$kiln_cache"/tools/opentofu-*/tofu; do
    if [ -x "$kiln_tofu" ]; then export TERRAFORM_BINARY_NAME=$kiln_tofu && break; fi
  done
  unset kiln_tofu
fi
# CDKTF keeps a folder for each stack; one workspace or data folder for all would mix them.
unset TF_WORKSPACE TF_DATA_DIR
# `providers lock` asks a registry even for what the mirror holds.
export CDKTF_SKIP_PROVIDER_LOCK=true CDKTF_DISABLE_PLUGIN_CACHE_ENV=1
# Neither sends reports home.
export CHECKPOINT_DISABLE=1
export PATH=$kiln_home/bin:$kiln_home/node_modules/.bin:$PATH
unset kiln_home kiln_cache
