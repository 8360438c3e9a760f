import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Project } from '../project';
import type { Night } from './effects';
import { fileJournal, type Journal, type RunState, stateOf } from './journal';
import type { Previous } from './steps';

/**
 * Milliseconds after its beginning up to which an unfinished night is gone on with. Less than a day, so that the
 * next night looks at the indices anew.
 */
const RESUME_WITHIN = 20 * 3_600_000;

export const nightsFolder = (project: Project): string => join(project.state, 'nightly', 'runs');
const NAME = /^\d{8}T\d{9}Z$/;

/** Names of the nights, oldest first. */
export function nightNames(project: Project): readonly string[] {
  try {
    return readdirSync(nightsFolder(project))
      .filter((name) => NAME.test(name))
      .sort();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

export const journalOf = (project: Project, run: string): Journal =>
  fileJournal(join(nightsFolder(project), run, 'journal.jsonl'));

/** `20261124T020000000Z`; later than `after`, whatever the clock says. */
export function nameOf(now: number, after: string | undefined): string {
  const name = new Date(now).toISOString().replaceAll(/[-:.]/g, '');
  if (after === undefined || name > after) return name;
  const [, y = '', mo = '', d = '', h = '', mi = '', s = '', ms = ''] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z$/.exec(after) ?? [];
  return nameOf(Date.parse(`${y}-${mo}-${d}T${h}:${mi}:${s}.${ms}Z`) + 1, undefined);
}

const nightOf = (project: Project, run: string, { began }: RunState): Night | undefined =>
  began === undefined
    ? undefined
    : {
        run,
        folder: join(nightsFolder(project), run),
        began: Date.parse(began.at),
        previous: began.previous,
      };

/** The last night whose image was registered, as the newest night knows it. */
function previousOf(run: string, { began, ended }: RunState): Previous | null {
  if (ended?.result !== 'registered' || ended.image === null) return began?.previous ?? null;
  return { run, lock: ended.lock, sources: ended.sources, image: ended.image };
}

export interface Standing {
  /** The unfinished night to go on with. */
  readonly open: Night | undefined;
  readonly previous: Previous | null;
  readonly newest: string | undefined;
}

/** Where the nights of a project stand. @param fresh leave an unfinished one as it is. */
export function standing(project: Project, now: number, fresh: boolean): Standing {
  // A night that was killed before its first line left nothing but a name.
  for (const run of nightNames(project).toReversed()) {
    // One that cannot be read is left: so its error says.
    const state = fresh ? readable(project, run) : stateOf(journalOf(project, run).read());
    if (state?.began === undefined) continue;
    const night = nightOf(project, run, state);
    const open = state.ended === undefined && !fresh && now - (night?.began ?? 0) < RESUME_WITHIN;
    return { open: open ? night : undefined, previous: previousOf(run, state), newest: run };
  }
  return { open: undefined, previous: null, newest: nightNames(project).at(-1) };
}

function readable(project: Project, run: string): RunState | undefined {
  try {
    return stateOf(journalOf(project, run).read());
  } catch {
    return undefined;
  }
}

/** Begins a night: its folder and the journal's first line. */
export function beginNight(
  project: Project,
  { newest, previous }: Standing,
  now: number,
  kiln: string,
): Night {
  const run = nameOf(now, newest ?? nightNames(project).at(-1));
  const at = new Date(now).toISOString();
  journalOf(project, run).append({ event: 'began', version: 1, run, kiln, previous, at });
  return { run, folder: join(nightsFolder(project), run), began: now, previous };
}
