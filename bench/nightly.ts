import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { z } from 'zod';
import { stateOf } from '../factory/nightly/journal';
import { journalOf, nightNames } from '../factory/nightly/nights';
import { findProject } from '../factory/project';
import type { Result } from './result';

const Ended = z.object({ result: z.string() });

/** Times that a night in which nothing is new is tried; the quickest counts, since others use the machine too. */
const TRIES = 3;
/** Seconds that it may take. */
const GOAL = 2;

const say = (text: string): void => void process.stderr.write(`nightly: ${text}\n`);
const show = (seconds: number): string => `${seconds.toFixed(seconds < 10 ? 2 : 0)} s`;

/** What a night takes in which nothing is new, against the last bake of a night of this project. */
export function nightly(): Promise<readonly Result[]> {
  const project = findProject();
  const baked = nightNames(project)
    .map((run) => stateOf(journalOf(project, run).read()))
    .findLast(({ finished }) => finished.bake?.output.baked === true)?.finished.bake;
  if (baked === undefined) throw new Error('no night of this project baked yet: kiln nightly --apply');
  const times = Array.from({ length: TRIES }, () => {
    const began = performance.now();
    const { status, stdout, stderr } = spawnSync(
      join(project.home, 'bin', 'kiln'),
      ['nightly', '--apply', '--json'],
      { cwd: project.root, encoding: 'utf8' },
    );
    const seconds = (performance.now() - began) / 1000;
    if (status !== 0) throw new Error(`the night failed\n${stderr}\n${stdout}`);
    const { result } = Ended.parse(JSON.parse(stdout));
    if (result !== 'unchanged') throw new Error(`something was new (${result}): run it again`);
    say(show(seconds));
    return seconds;
  });
  const quickest = Math.min(...times);
  const bake = baked.milliseconds / 1000;
  const detail = `${show(quickest)} : ${show(bake)}`;
  return Promise.resolve([
    { name: 'night without news : its bake', ratio: quickest / bake, goal: 1 / 100, detail },
    { name: 'night without news : 2 s', ratio: quickest / GOAL, goal: 1, detail: show(quickest) },
  ]);
}
