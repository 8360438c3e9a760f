#!/usr/bin/env bash
# dracut module: the state partition under the read-only root. Functions below are called by dracut, which
# sets systemdutildir and brings inst_*.

check() {
  return 255
}

depends() {
  echo systemd
}

installkernel() {
  hostonly='' instmods overlay ext4
}

install() {
  inst_multiple mount umount mkdir cat rm sleep sync find e2fsck
  # shellcheck disable=SC2154
  inst_simple "$moddir/kiln-state" /usr/bin/kiln-state
  # shellcheck disable=SC2154
  inst_simple "$moddir/kiln-state-generator" "$systemdutildir/system-generators/kiln-state-generator"
}
