import { z } from 'zod';
import { KilnError } from '../errors';
import { MARKER } from './layout';
import { parseOrThrow } from './log';

/** Layout of the registry; 2: disks in parts. */
const VERSION = 2;

const Marker = z.strictObject({ version: z.int().positive() });

export const markerText = (): string => `${JSON.stringify({ version: VERSION })}\n`;

/** @throws KilnError `registry-version`, `registry-damaged`. */
export function checkMarker(where: string, text: string): void {
  const { version } = parseOrThrow(Marker, text, `${where}/${MARKER}`);
  if (version === VERSION) return;
  throw new KilnError({
    code: 'registry-version',
    what: `the registry at ${where} has layout ${version}, this kiln reads and writes layout ${VERSION}`,
    hint:
      version < VERSION
        ? 'name another place in factory.yaml: registry, then kiln registry init, and promote from the bakes anew'
        : 'use the kiln that made it, or a newer one',
    exitCode: 2,
  });
}
