import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { Digest, Sha256 } from '../../contracts/digest';
import type { Lock } from '../../contracts/lock';
import { parseLock } from '../../lock';
import { debianSources } from '../../lock/debian/jdk';
import { readAsked, type Asked } from '../../lock/asked';
import { makeLock, type LockPorts } from '../../lock/make-lock';
import { serialise } from '../../lock/serialise';
import type { Clock } from '../../ports/machine/clock';
import { normalised, PythonIndex } from '../../ports/inputs/python-index';
import type { Project } from '../../project';
import { digestOf, readText, writeWhole } from '../files';
import { type Bases, indicesOf, lookAtAll, remembered, Seen } from './indices';
import { settled } from './settle';
import { newestPatch, withSpark } from './spark';

/** What the registries offer for a specification, as far as it lets them. */
export interface Resolved {
  readonly lock: Lock;
  /** Bytes of factory.lock.json and of factory.yaml as they would be. */
  readonly lockText: string;
  readonly specText: string;
  /** Digest of lockText. */
  readonly digest: string;
  /** `kept`: no index changed since it was resolved; `asked`: every registry was asked. */
  readonly how: 'kept' | 'asked';
}

/** A resolution that is kept, with what it was made from. */
const Kept = z.strictObject({
  version: z.literal(1),
  asked: Digest,
  seen: z.array(Seen),
  /** Where the clients looked, while they are set up as they were then. */
  mirrors: z.strictObject({
    settings: Sha256,
    debian: z.string(),
    'debian-security': z.string(),
    pypi: z.string(),
  }),
  lock: Digest,
  spec: Digest,
});
type Kept = z.infer<typeof Kept>;

export interface RefreshPorts extends LockPorts {
  readonly clock: Clock;
  /** Changes when this machine's clients are set up otherwise; sha256. */
  readonly settings: string;
}

const folderOf = (project: Project): string => join(project.state, 'nightly', 'resolved');

interface KeptResolution extends Kept {
  readonly lockText: string;
  readonly specText: string;
}

/** What an earlier night, or plan, resolved; undefined where there is none that is whole. */
function readKept(project: Project): KeptResolution | undefined {
  const folder = folderOf(project);
  const text = readText(join(folder, 'resolution.json'));
  if (text === undefined) return undefined;
  try {
    const kept = Kept.parse(JSON.parse(text));
    const lockText = readText(join(folder, 'factory.lock.json')) ?? '';
    const specText = readText(join(folder, 'factory.yaml')) ?? '';
    return kept.lock === digestOf(lockText) && kept.spec === digestOf(specText)
      ? { ...kept, lockText, specText }
      : undefined;
  } catch {
    return undefined;
  }
}

/** The documents first: a resolution that does not fit them counts for nothing. */
function keep(
  project: Project,
  resolved: Resolved,
  { asked, seen, mirrors }: Pick<Kept, 'asked' | 'seen' | 'mirrors'>,
): void {
  const folder = folderOf(project);
  writeWhole(join(folder, 'factory.lock.json'), resolved.lockText);
  writeWhole(join(folder, 'factory.yaml'), resolved.specText);
  const { digest: lock, specText } = resolved;
  const kept: Kept = { version: 1, asked, seen, mirrors, lock, spec: digestOf(specText) };
  writeWhole(join(folder, 'resolution.json'), `${JSON.stringify(kept, null, 2)}\n`);
}

/** Digest of everything that decides what a resolution is asked for. */
export function askedDigest(project: Project, asked: Asked, kiln: string): string {
  const { digest, resolution, spec } = asked;
  return digestOf(
    JSON.stringify([
      'kiln resolution 1',
      digest,
      resolution.choices,
      spec.conda.without,
      spec.nightly.spark,
      readFileSync(project.spec, 'utf8'),
      kiln,
    ]),
  );
}

async function mirrorsOf(
  { mirrors, settings }: RefreshPorts,
  kept: Kept | undefined,
): Promise<Kept['mirrors']> {
  if (kept?.mirrors.settings === settings) return kept.mirrors;
  const [debian, security, pypi] = await Promise.all([
    mirrors.base('debian'),
    mirrors.base('debian-security'),
    mirrors.base('pypi'),
  ]);
  return { settings, debian, 'debian-security': security, pypi };
}

async function channelsOf({ channels }: RefreshPorts, asked: Asked): Promise<Bases['channels']> {
  const names = asked.environment.channels;
  const found = names.map(async (name) => [name, await channels.base(name)] as const);
  return Object.fromEntries(await Promise.all(found));
}

/** Python projects whose pages decide: Spark, the samples, the environment's pip part, what builds the code package. */
const projectsOf = (asked: Asked, lock: Lock | undefined): readonly string[] => [
  'pyspark',
  ...asked.spec.samples.map((sample) => normalised(sample.split('==')[0] ?? '')),
  ...asked.code.buildRequires.map((text) => normalised(/^[\w.-]+/.exec(text)?.[0] ?? '')),
  ...asked.environment.pip.requirements.map(({ name }) => name),
  ...(lock?.inputs ?? [])
    .filter(({ use, source }) => (use === 'code' || use === 'conda') && source === 'pypi')
    .map(({ name }) => normalised(name)),
];

const lockIn = (text: string | undefined): Lock | undefined => {
  try {
    return text === undefined ? undefined : parseLock(text);
  } catch {
    return undefined;
  }
};

/**
 * The newest lock that the specification and the policy for Spark allow. Where no index changed since the last time,
 * what was resolved then: a few conditional requests tell. Writes only what it resolved, for the next time.
 * @throws KilnError of the resolvers; `unreachable`.
 */
export async function resolveNow(project: Project, ports: RefreshPorts, kiln: string): Promise<Resolved> {
  const asked = readAsked(project);
  const key = askedDigest(project, asked, kiln);
  const kept = readKept(project);
  const usable = kept?.asked === key ? kept : undefined;
  const keptLock = lockIn(kept?.lockText);
  const mirrors = await mirrorsOf(ports, kept);
  const bases = { ...mirrors, channels: await channelsOf(ports, asked) };
  const indices = indicesOf(debianSources(asked.resolution), projectsOf(asked, keptLock), bases);
  const looks = await lookAtAll(indices, usable?.seen ?? [], ports.http, ports.clock.now());
  if (usable !== undefined && keptLock !== undefined && looks.every(({ same }) => same)) {
    const { lockText, specText, lock: digest } = usable;
    return { lock: keptLock, lockText, specText, digest, how: 'kept' };
  }
  const changed = looks.filter(({ same }) => !same).map(({ index }) => index.name);
  if (usable !== undefined) ports.step(`indices that changed: ${changed.join(', ')}`);

  // Looked at before they are resolved: what changes in between is seen the next time.
  const seen = await remembered(looks, ports.exec);
  const specText = await newSpec(project, asked, ports);
  const folder = folderOf(project);
  const proposed: Project = { ...project, spec: join(folder, 'asked', 'factory.yaml') };
  writeWhole(proposed.spec, specText);
  const wanted = readAsked(proposed);
  const own = lockIn(readText(project.lock));
  const known = [keptLock, own].filter((lock) => lock !== undefined);
  const made = await makeLock(proposed, wanted, pins(known), ports);
  const lock = settled(made, known);
  const lockText = serialise(lock);
  const resolved: Resolved = { lock, lockText, specText, digest: digestOf(lockText), how: 'asked' };
  // An index that cannot be told from another is asked for each night.
  keep(project, resolved, { asked: key, seen: seen.length === looks.length ? [...seen] : [], mirrors });
  return resolved;
}

/** Both locks' pins of what never changes, so that it is not downloaded again to be pinned. */
function pins([first, ...others]: readonly Lock[]): Lock | undefined {
  if (first === undefined) return undefined;
  return { ...first, inputs: [...first.inputs, ...others.flatMap(({ inputs }) => inputs)] };
}

async function newSpec(project: Project, { spec }: Asked, ports: RefreshPorts): Promise<string> {
  const text = readFileSync(project.spec, 'utf8');
  if (spec.nightly.spark === 'stay') return text;
  const index = new PythonIndex(ports.http, () => ports.mirrors.base('pypi'));
  const newest = newestPatch(spec.spark, (await index.files('pyspark')) ?? []);
  if (newest === spec.spark) return text;
  ports.step(`spark: ${spec.spark} -> ${newest}, a patch release (factory.yaml: nightly.spark)`);
  return withSpark(text, newest);
}
