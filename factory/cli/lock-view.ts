import type { Lock } from '../contracts/lock';
import { openHoles, unsupported, unsupportedText, type Unsupported } from '../spec/support';

/** What whoever takes this lock should know, also when nothing of it changed: it may have ended since. */
export interface Warnings {
  readonly unsupported: readonly Unsupported[];
  readonly open: readonly string[];
}

/** @param now milliseconds since the epoch. */
export function warningsOf(choices: Lock['choices'], now: number): Warnings {
  const versions = Object.fromEntries(Object.entries(choices).map(([name, { value }]) => [name, value]));
  return { unsupported: unsupported(versions, now), open: openHoles(versions) };
}

export const warningLines = (warnings: Warnings): readonly string[] => [
  ...warnings.unsupported.map((each) => `  unsupported: ${unsupportedText(each)}`),
  ...warnings.open.map((hole) => `  open: ${hole}`),
  ...(warnings.open.length === 0
    ? []
    : ['  what else must guard such a cluster: docs/spark.md, "Lines with open holes"']),
];
