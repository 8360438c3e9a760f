import { defined } from '../../defined';
import type { Fault } from '../../errors';
import { nearest } from '../nearest';
import { YamlFile } from '../yaml-file';
import { channelOf } from './channel';
import { readMatchSpec, type MatchSpec } from './match-spec';
import { PipReader, type PipPart, type ReadFile } from './pip';
import { SHADOWS } from './shadows';
import { decode } from './text';

/** One of the environment's conda packages. */
interface Dependency extends MatchSpec {
  /** As written. */
  readonly text: string;
  /** File, line and column. */
  readonly where: string;
}

/** A conda environment file, the part that decides what is installed. */
export interface Environment {
  /** Names, in the order of their priority; those that only a dependency names (`channel::name`) come last. */
  readonly channels: readonly string[];
  readonly dependencies: readonly Dependency[];
  readonly pip: PipPart;
}

/** What an environment file says of its Python. */
export interface PythonAsked {
  readonly text: string;
  readonly where: string;
  /** Of Python 3, where it names one. */
  readonly minor?: number;
}

/** The Python that it asks for; undefined where it leaves it to what the others need. */
export function pythonOf(environment: Environment): PythonAsked | undefined {
  const python = environment.dependencies.find(({ name }) => name === 'python');
  if (python === undefined) return undefined;
  const { text, where, version } = python;
  const minor = /^(?:==?|~=)?3\.(\d+)(?:\.[\d.*]+|\.?\*)?$/.exec(version ?? '')?.[1];
  return { text, where, ...defined({ minor: minor === undefined ? undefined : Number(minor) }) };
}

type Path = readonly (string | number)[];

const KEYS = ['name', 'channels', 'dependencies', 'prefix'];
const isScalar = (value: unknown): boolean => value === null || typeof value !== 'object';
const isMapping = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Reads one file; every fault of it is then in `file.faults`. */
class Reader {
  private readonly channels: string[] = [];
  private readonly behind: string[] = [];
  private readonly dependencies: Dependency[] = [];

  constructor(
    private readonly name: string,
    private readonly file: YamlFile,
    private readonly mapped: Readonly<Record<string, string>>,
    private readonly pip: PipReader,
  ) {}

  read(value: unknown): Environment {
    if (!isMapping(value)) {
      this.file.fault([], 'an environment file is a mapping with channels and dependencies', 'write both');
    } else {
      this.keys(value);
      this.list(value, 'channels', 'channels, such as conda-forge', (path, each) => {
        this.channel(path, each);
      });
      this.list(value, 'dependencies', 'packages, such as python=3.13', (path, each) => {
        this.dependency(path, each);
      });
      if (Array.isArray(value['channels']) && value['channels'].length > 0 && this.noChannel()) {
        this.file.fault(
          ['channels'],
          'there is no channel to take packages from',
          'name one, such as conda-forge',
        );
      }
    }
    const channels = [...new Set([...this.channels, ...this.behind])];
    return { channels, dependencies: this.dependencies, pip: this.pip.part };
  }

  private noChannel(): boolean {
    return this.channels.length === 0 && this.file.faults.length === 0;
  }

  private keys(value: Readonly<Record<string, unknown>>): void {
    for (const key of Object.keys(value).filter((each) => !KEYS.includes(each))) {
      const meant = nearest(key, KEYS);
      if (key === 'variables') {
        const hint = 'remove it: the job sets its own, spark.executorEnv.NAME those of its executors';
        this.file.fault(
          [key],
          "a node's programs do not activate the environment, so nothing sets these",
          hint,
        );
      } else {
        const hint =
          meant === undefined ? `remove it; known here: ${KEYS.join(', ')}` : `did you mean ${meant}?`;
        this.file.fault([key], 'unknown key', hint);
      }
    }
    // Neither decides anything: an image has one environment, at one place.
    for (const key of ['name', 'prefix'].filter((each) => !isScalar(value[each] ?? null))) {
      this.file.fault([key], 'must be text', 'remove it: it decides nothing here');
    }
  }

  private list(
    value: Readonly<Record<string, unknown>>,
    key: string,
    of: string,
    take: (path: Path, each: unknown) => void,
  ): void {
    const items = value[key];
    if (items === undefined) this.file.fault([key], `missing; it must be a list of ${of}`, 'add it');
    else if (!Array.isArray(items)) this.file.fault([key], `must be a list of ${of}`, 'begin each with `- `');
    else if (items.length === 0) this.file.fault([key], `is empty; it must be a list of ${of}`, 'add one');
    else for (const [i, each] of (items as unknown[]).entries()) take([key, i], each);
  }

  private channel(path: Path, entry: unknown): void {
    if (typeof entry !== 'string' || entry.trim() === '') {
      this.file.fault(path, 'must be the name of a channel', 'write a name such as conda-forge');
      return;
    }
    const outcome = channelOf(entry, this.mapped);
    if ('what' in outcome) this.file.fault(path, outcome.what, outcome.hint);
    else if (outcome.name !== undefined) this.channels.push(outcome.name);
  }

  private dependency(path: Path, entry: unknown): void {
    if (typeof entry === 'string') this.package(path, entry);
    else if (isMapping(entry) && Object.keys(entry).join() === 'pip') {
      this.pipPart([...path, 'pip'], entry['pip']);
    } else {
      const [first] = isMapping(entry) ? Object.entries(entry) : [];
      const hint =
        first === undefined || !isScalar(first[1])
          ? 'write it as name=version, or `- pip:` with a list below it'
          : `write - ${first[0]}=${String(first[1])}`;
      this.file.fault(path, 'must be a package such as python=3.13', hint);
    }
  }

  private pipPart(path: Path, entry: unknown): void {
    if (entry === null) return;
    if (!Array.isArray(entry)) {
      this.file.fault(path, 'must be a list of requirements', 'begin each with `- `');
      return;
    }
    for (const [i, each] of (entry as unknown[]).entries()) {
      const at = [...path, i];
      if (typeof each === 'string') this.pip.line(each, this.name, this.file.where(at));
      else this.file.fault(at, 'must be a requirement such as six==1.17', 'put it in quotes');
    }
  }

  private package(path: Path, entry: string): void {
    const read = readMatchSpec(entry);
    if ('what' in read) {
      this.file.fault(path, read.what, read.hint);
      return;
    }
    const shadowed = SHADOWS[read.name];
    if (shadowed !== undefined) {
      this.file.fault(path, `${read.name} has no place in the environment: ${shadowed}`, 'remove it');
      return;
    }
    const { channel, ...rest } = read;
    const outcome = channel === undefined ? { name: undefined } : channelOf(channel, this.mapped);
    if ('what' in outcome) {
      this.file.fault(path, outcome.what, outcome.hint);
      return;
    }
    if (outcome.name !== undefined) this.behind.push(outcome.name);
    const named = defined({ channel: outcome.name });
    this.dependencies.push({ ...rest, ...named, text: entry.trim(), where: this.file.where(path) });
  }
}

/**
 * The environment file: what it says is honoured, or a fault with its line and the way out.
 * @param name path of the file in the project, which is how faults call it.
 * @param mapped factory.yaml's conda.channels.
 * @param files those of the project: its pip part may name some.
 * @returns all faults of it and of the files it names; the environment is only whole where there are none.
 */
export function readEnvironment(
  name: string,
  bytes: Uint8Array,
  mapped: Readonly<Record<string, string>>,
  files: ReadFile,
): { readonly environment: Environment; readonly faults: readonly Fault[] } {
  const decoded = decode(bytes);
  const text = 'text' in decoded ? decoded.text : '';
  const explicit = text.split(/\r?\n/).findIndex((line) => line.trim() === '@EXPLICIT');
  const file = new YamlFile(name, explicit === -1 ? text : '');
  const pip = new PipReader(files);
  if (!('text' in decoded)) file.fault([], decoded.what, decoded.hint);
  else if (explicit !== -1) {
    file.faultAt(
      explicit + 1,
      'this is a list of package files (@EXPLICIT), not an environment',
      'write one by: conda env export --no-builds',
    );
  }
  const readable = 'text' in decoded && explicit === -1 && !file.isBroken();
  const environment = readable
    ? new Reader(name, file, mapped, pip).read(file.value())
    : { channels: [], dependencies: [], pip: pip.part };
  const own = pip.faults.filter(({ where }) => where.startsWith(`${name}:`));
  file.faults.push(...own);
  file.sort();
  return { environment, faults: [...file.faults, ...pip.faults.filter((each) => !own.includes(each))] };
}
