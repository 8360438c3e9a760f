import type { ImageDiff } from '../diff/diff';
import type { FileChange } from '../diff/files';
import type { PackageChange } from '../diff/packages';
import { formatSize } from '../units';

/** Files that are shown by name, the largest of all that changed. */
const SHOWN = 10;

const sum = (files: readonly FileChange[]): number => files.reduce((total, { bytes }) => total + bytes, 0);
const percent = (part: number, whole: number): string =>
  `${((100 * part) / Math.max(1, whole)).toFixed(2)} %`;

function packageLine({ kind, name, before, after }: PackageChange): string {
  const what =
    before === null
      ? `new, ${after ?? ''}`
      : after === null
        ? `gone, was ${before}`
        : before === after
          ? `${after}, other content`
          : `${before} -> ${after}`;
  return `  ${kind.padEnd(5)} ${name}: ${what}`;
}

/** The difference as a person reads it. */
export function diffText(diff: ImageDiff): string {
  const { packages, files, blocks } = diff;
  if (diff.before === diff.after) return `the same image: ${diff.before}`;
  const marked = [
    ...files.added.map((file) => ({ ...file, mark: '+' })),
    ...files.removed.map((file) => ({ ...file, mark: '-' })),
    ...files.changed.map((file) => ({ ...file, mark: '~' })),
  ].sort((a, b) => b.bytes - a.bytes || (a.path < b.path ? -1 : 1));
  return [
    diff.before,
    diff.after,
    '',
    `packages  ${String(packages.length)} differ`,
    ...packages.map(packageLine),
    '',
    `files     ${[
      `${String(files.added.length)} added (${formatSize(sum(files.added))})`,
      `${String(files.removed.length)} removed (${formatSize(sum(files.removed))})`,
      `${String(files.changed.length)} changed (${formatSize(sum(files.changed))})`,
    ].join(', ')}`,
    ...marked.slice(0, SHOWN).map(({ mark, path, bytes }) => `  ${mark} ${path} (${formatSize(bytes)})`),
    ...(marked.length > SHOWN ? [`  and ${String(marked.length - SHOWN)} more: --json has all`] : []),
    '',
    `disk      ${String(blocks.differ)} of ${String(blocks.used)} blocks of 512 KiB differ (${percent(blocks.differ, blocks.used)})`,
    ...blocks.partitions.map(
      ({ name, differ, used }) =>
        `  ${name.padEnd(12)} ${String(differ)} of ${String(used)} (${percent(differ, used)})`,
    ),
  ].join('\n');
}
