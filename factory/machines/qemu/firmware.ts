import { existsSync } from 'node:fs';
import { KilnError } from '../../errors';

/** Debian's OVMF, without Secure Boot: its code, and empty variables to be copied for every machine. */
const FOLDER = '/usr/share/OVMF';

export interface Firmware {
  readonly code: string;
  readonly variables: string;
}

/** @throws KilnError `missing-tool`. */
export function findFirmware(folder = FOLDER): Firmware {
  const firmware = { code: `${folder}/OVMF_CODE_4M.fd`, variables: `${folder}/OVMF_VARS_4M.fd` };
  if (!existsSync(firmware.code) || !existsSync(firmware.variables)) {
    throw new KilnError({
      code: 'missing-tool',
      what: `QEMU's UEFI firmware is not in ${folder}`,
      hint: 'apt-get install ovmf, or run tools/setup; kiln doctor lists all that is missing',
    });
  }
  return firmware;
}
