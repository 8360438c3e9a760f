import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { z } from 'zod';
import type { BakedImage } from './image';

const Told = z.object({ answers: z.record(z.string(), z.unknown()) });

/**
 * Runs a Python program on the image's root (test/e2e/run-in-image), in a network of its own, so that the ports it listens on are
 * nobody else's.
 * @param program is called with a folder, where it leaves answers.json, and `args`.
 * @param jars files that lie beside Spark's own jars.
 */
export function answersOf(
  image: BakedImage,
  program: string,
  { args = [], jars = [] }: { args?: readonly string[]; jars?: readonly Placed[] } = {},
): Record<string, unknown> {
  const root = image.record.partitions.find((each) => each.name === 'root');
  if (root === undefined) throw new Error('the image has no root partition');
  const folder = mkdtempSync(join(tmpdir(), 'kiln-in-image-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const answers = join(folder, 'work', 'answers');
  mkdirSync(answers, { recursive: true });
  if (jars.length > 0) mkdirSync(join(folder, 'jars'));
  for (const { from, to } of jars) cpSync(from, join(folder, 'jars', basename(to)));
  execFileSync(
    'unshare',
    [
      ...['--mount', '--net', '--pid', '--fork', '--kill-child', '--'],
      ...[
        join(__dirname, 'run-in-image'),
        join(image.folder, 'image.raw'),
        String(root.start),
        String(root.size),
      ],
      ...[folder, program, ...args],
    ],
    { stdio: ['ignore', 'ignore', 'pipe'], maxBuffer: 1 << 26 },
  );
  return Told.parse(JSON.parse(readFileSync(join(answers, 'answers.json'), 'utf8'))).answers;
}

/** A file of this machine and its place there. */
export interface Placed {
  readonly from: string;
  readonly to: string;
}
