import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { DebianInput, Lock } from '../../../factory/contracts/lock';
import { readAsked } from '../../../factory/lock/asked';
import { serialise } from '../../../factory/lock/serialise';
import type { Effects, Night } from '../../../factory/nightly/effects';
import { hostEffects, type World } from '../../../factory/nightly/effects-host';
import { digestOf } from '../../../factory/nightly/files';
import type { Journal } from '../../../factory/nightly/journal';
import { runNight, type NightEvent } from '../../../factory/nightly/night';
import { beginNight, journalOf, standing } from '../../../factory/nightly/nights';
import type { Facts } from '../../../factory/nightly/plan';
import type { Resolved } from '../../../factory/nightly/refresh/resolve';
import { FakeClock } from '../../../factory/ports/machine/clock-fake';
import { hostExec } from '../../../factory/ports/machine/exec-host';
import { FakeKiln } from '../../../factory/ports/kiln/kiln-fake';
import type { Project } from '../../../factory/project';
import { declaredLayers } from '../../../factory/recipes';
import { readSpec } from '../../../factory/spec/read';
import { lockOf } from '../lock/support';
import { SPEC, projectOf } from '../spec/support';

export const deb = (name: string, version: string, change: Partial<DebianInput> = {}): DebianInput => ({
  use: 'os',
  source: 'debian',
  name,
  version,
  arch: 'amd64',
  archive: 'debian',
  path: `pool/${name}_${version}_amd64.deb`,
  size: 1,
  sha256: digestOf(`${name} ${version}`).slice('sha256:'.length),
  ...change,
});

const HOME = resolve(__dirname, '../../..');

/** Files that a bake's layers are planned from. */
const RECIPES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    declaredLayers(HOME).flatMap(({ name }): [string, string][] => [
      [`images/layers/${name}/build`, `build ${name}`],
      [
        `images/layers/${name}/layer.yaml`,
        readFileSync(join(HOME, 'images/layers', name, 'layer.yaml'), 'utf8'),
      ],
    ]),
  ),
  'images/layers/spark/slim/__main__.py': '',
  'images/layers/conda/conda_layer/__main__.py': '',
  'images/sandbox': 'sandbox',
  'images/seccomp.py': 'seccomp',
  'images/rootfs/etc/x': 'x',
  'tools/python/requirements.txt': 'six==1',
  'jobs/src/code.py': 'print()',
};

export const nightlyProject = (spec = SPEC, files: Readonly<Record<string, string>> = {}): Project =>
  projectOf({ ...RECIPES, 'factory.yaml': spec, ...files });

const resolvedOf = (lock: Lock, specText: string = SPEC): Resolved => {
  const lockText = serialise(lock);
  return { lock, lockText, specText, digest: digestOf(lockText), how: 'asked' };
};

/** What the registries have: a lock of one package in that version. */
export const offer = (project: Project, version: string): Resolved => {
  const asked = readAsked(project);
  return resolvedOf(
    lockOf([deb('openssl', version)], { spec: asked.digest, choices: asked.resolution.choices }),
  );
};

/** A moment at which a test may end a night as kill -9 would: nothing after it happens. */
export class Killed extends Error {}

export interface Stage {
  readonly project: Project;
  readonly kiln: FakeKiln;
  readonly clock: FakeClock;
  facts: Facts;
  /** What the registries offer now. */
  offers: Resolved;
  /** Called at every moment at which a night may be ended. */
  moment: () => void;
  /** Steps that were begun although the journal had them finished with the same inputs. */
  readonly repeated: string[];
  readonly events: NightEvent[];
  /** Begins a night, or goes on with one, and carries it to its end. */
  night(): ReturnType<typeof runNight>;
}

export function newStage(project: Project = nightlyProject(), change: Partial<Facts> = {}): Stage {
  const clock = new FakeClock(Date.parse('2026-11-24T02:00:00Z'));
  const kiln = new FakeKiln(() => {
    stage.moment();
  });
  const stage: Stage = {
    project,
    kiln,
    clock,
    facts: {
      asked: digestOf('asked'),
      sources: digestOf('sources'),
      channel: 'candidate',
      promote: [],
      branch: undefined,
      ...change,
    },
    offers: offer(project, '1'),
    moment: () => undefined,
    repeated: [],
    events: [],
    async night() {
      const stands = standing(project, clock.now(), false);
      const night = stands.open ?? beginNight(project, stands, clock.now(), '0.1.0');
      const journal = watched(journalOf(project, night.run), () => {
        stage.moment();
      });
      const world: World = {
        project,
        spec: readSpec(project).spec,
        channel: stage.facts.channel,
        exec: hostExec,
        kiln,
        resolve: () => Promise.resolve(stage.offers),
        progress: () => undefined,
        host: 'builder',
      };
      return await runNight({
        night,
        journal,
        facts: stage.facts,
        clock,
        effects: observed(hostEffects(world), journal, stage),
        report: (event) => void stage.events.push(event),
      });
    },
  };
  return stage;
}

/** A kill before, in the middle of, and after a line. */
const watched = (journal: Journal, moment: () => void): Journal => ({
  read: () => journal.read(),
  append(entry) {
    moment();
    journal.append(entry);
    moment();
  },
});

function observed(effects: Effects, journal: Journal, stage: Stage): Effects {
  const wrap = Object.entries(effects).map(([step, effect]) => [
    step,
    async (night: Night, given: never) => {
      const started = journal.read().findLast((entry) => entry.event === 'started');
      const done = journal
        .read()
        .some(
          (entry) => entry.event === 'finished' && entry.step === step && entry.inputs === started?.inputs,
        );
      if (done) stage.repeated.push(step);
      stage.moment();
      stage.clock.advance(1000);
      const output: unknown = await (effect as (night: Night, given: never) => Promise<unknown>)(
        night,
        given,
      );
      stage.moment();
      return output;
    },
  ]);
  return Object.fromEntries(wrap) as Effects;
}

export const journalFile = (project: Project, run: string): string =>
  join(project.state, 'nightly', 'runs', run, 'journal.jsonl');
