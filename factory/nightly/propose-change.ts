import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Lock } from '../contracts/lock';
import { parseLock } from '../lock';
import type { Asked } from '../lock/asked';
import type { Exec } from '../ports/machine/exec';
import type { Project } from '../project';
import { Change, changeText, choiceChanges, layerChanges, packageChanges } from './change';
import type { Night } from './effects';
import { readText, writeWhole } from './files';
import { layersFile, layersNow, layersThen } from './layers-now';
import { nightsFolder } from './nights';
import { unifiedDiff } from './propose';
import type { Resolved } from './refresh/resolve';
import type { Previous } from './steps';

export const LOCK_FILE = 'factory.lock.json';
export const SPEC_FILE = 'factory.yaml';
const CHANGE_FILE = 'change.json';
const TEXT_FILE = 'change.md';
const DIFF_FILE = 'change.diff';

/** What is new, and why what is built again. @param asked of the proposed specification. */
export async function changeOf(
  project: Project,
  asked: Asked,
  resolved: Resolved,
  previous: Previous | null,
): Promise<{ readonly change: Change; readonly layers: Awaited<ReturnType<typeof layersNow>> }> {
  const { spec, environment, resolution, packages } = asked;
  const then = previous === null ? undefined : join(nightsFolder(project), previous.run);
  const night = then !== undefined && existsSync(layersFile(then)) ? then : undefined;
  const text = readText(night === undefined ? project.lock : join(night, LOCK_FILE));
  const before: Lock | undefined = text === undefined ? undefined : lockIn(text);
  const layers = await layersNow(project, resolved.lock, spec.code);
  const old =
    night !== undefined
      ? layersThen(layersFile(night))
      : before === undefined
        ? undefined
        : await layersNow(project, before, spec.code);
  const changes = packageChanges(before, resolved.lock, {
    suite: resolution.suite.name,
    spark: spec.spark,
    debs: [...packages.flatMap(({ alone, names }) => (alone ? [] : names)), ...spec.debs],
    dependencies: environment.dependencies.filter((each) => typeof each === 'string'),
    environment: spec.conda.environment,
    maven: spec.maven.map(({ jar }) => jar),
    code: spec.code,
  });
  const since: Change['since'] =
    before === undefined
      ? { what: 'nothing', name: '' }
      : night === undefined
        ? { what: 'lock', name: basename(project.lock) }
        : { what: 'night', name: previous?.run ?? '' };
  const change = Change.parse({
    version: 1,
    since,
    packages: changes,
    choices: choiceChanges(before, resolved.lock),
    layers: layerChanges(old, layers, changes),
  });
  return { change, layers };
}

/** A lock of an older kiln is none to compare with. */
function lockIn(text: string): Lock | undefined {
  try {
    return parseLock(text);
  } catch {
    return undefined;
  }
}

/** Leaves in a night's folder what it proposes: the documents, the diff to apply, the change in words and as data. */
export async function writeProposal(
  exec: Exec,
  project: Project,
  night: Night,
  resolved: Resolved,
  { change, layers }: Awaited<ReturnType<typeof changeOf>>,
): Promise<void> {
  const at = (name: string): string => join(night.folder, name);
  writeWhole(at(SPEC_FILE), resolved.specText);
  writeWhole(at(LOCK_FILE), resolved.lockText);
  writeWhole(layersFile(night.folder), `${JSON.stringify(layers, null, 2)}\n`);
  const pairs = [
    { name: SPEC_FILE, from: project.spec, to: at(SPEC_FILE) },
    { name: LOCK_FILE, from: project.lock, to: at(LOCK_FILE) },
  ];
  writeWhole(at(DIFF_FILE), await unifiedDiff(exec, pairs));
  writeWhole(at(TEXT_FILE), changeText(change, titleOf(change)));
  writeWhole(at(CHANGE_FILE), `${JSON.stringify(change, null, 2)}\n`);
}

/** `Lock: 3 packages newer, openssl 3.5.6 -> 3.5.7`: the first line of a commit. */
function titleOf({ packages, choices }: Change): string {
  const count = packages.length;
  if (count + choices.length === 0) return 'Lock: no package changed';
  const spark = choices.find(({ name }) => name === 'spark');
  const lead = spark === undefined ? '' : `Spark ${spark.from ?? ''} -> ${spark.to}, `;
  return `Lock: ${lead}${String(count)} ${count === 1 ? 'package' : 'packages'} changed`;
}

export const readChange = (night: Night): Change | undefined => {
  const text = readText(join(night.folder, CHANGE_FILE));
  return text === undefined ? undefined : Change.parse(JSON.parse(text));
};

export const readChangeText = (night: Night): string => readText(join(night.folder, TEXT_FILE)) ?? '';
