import { z } from 'zod';
import { Name } from '../contracts/digest';
import type { Input, Lock } from '../contracts/lock';
import { differences, type LayerParts } from '../layers/key';

const Package = z.strictObject({
  use: Name,
  source: z.enum(['debian', 'pypi', 'maven', 'conda']),
  name: z.string(),
  /** Null: it was not there. */
  from: z.string().nullable(),
  /** Null: it is gone. */
  to: z.string().nullable(),
  reason: z.string(),
});
export type PackageChange = z.infer<typeof Package>;

const Layer = z.strictObject({
  layer: Name,
  rebuilt: z.boolean(),
  /** In words; empty for a layer that stays. */
  because: z.array(z.string()),
});
export type LayerChange = z.infer<typeof Layer>;

/** change.json of a night: what is new since the last night's image, and why each layer is built again. */
export const Change = z.strictObject({
  version: z.literal(1),
  /** What it is compared with; `nothing`: there was neither a night nor a lock. */
  since: z.strictObject({ what: z.enum(['night', 'lock', 'nothing']), name: z.string() }),
  packages: z.array(Package),
  /** Choices of the lock that differ: spark, java, hadoop … */
  choices: z.array(z.strictObject({ name: z.string(), from: z.string().nullable(), to: z.string() })),
  layers: z.array(Layer),
});
export type Change = z.infer<typeof Change>;

const label = (input: Input): string =>
  [input.use, input.source, input.name, input.source === 'maven' ? (input.classifier ?? '') : ''].join('\0');

/** conda names a build beside the version: another build is another package. */
const versionOf = (input: Input): string =>
  input.source === 'conda' ? `${input.version} ${input.build}` : input.version;

/** What is asked for, as far as reasons refer to it. */
export interface Wanted {
  readonly suite: string;
  readonly spark: string;
  /** Debian packages that factory.yaml or kiln names. */
  readonly debs: readonly string[];
  /** Dependencies of the environment file. */
  readonly dependencies: readonly string[];
  readonly environment: string;
  /** The jars of factory.yaml's maven, `group:artifact:version` and perhaps `:classifier`. */
  readonly maven: readonly string[];
  readonly code: string;
}

function named(input: Input, wanted: Wanted): string | undefined {
  switch (input.source) {
    case 'debian':
      return wanted.debs.includes(input.name) ? 'named in factory.yaml or a package list' : undefined;
    case 'conda':
      return wanted.dependencies.find((spec) => /^[\w.-]+/.exec(spec)?.[0] === input.name);
    case 'maven':
      return wanted.maven.some((jar) => jar.startsWith(`${input.name}:`)) ? 'factory.yaml: maven' : undefined;
    case 'pypi':
      return undefined;
  }
}

function why(before: Input | undefined, after: Input | undefined, wanted: Wanted): string {
  const input = after ?? before;
  if (input === undefined) return '';
  if (after === undefined) return 'nothing needs it any more';
  const direct = named(after, wanted);
  if (before !== undefined && versionOf(before) === versionOf(after))
    return 'another file under the same version';
  switch (after.source) {
    case 'debian': {
      const from =
        after.archive === 'debian-security'
          ? `security update of ${wanted.suite}`
          : `newest of ${wanted.suite} and its updates`;
      if (before !== undefined) return from;
      return direct ?? 'a package that is asked for depends on it';
    }
    case 'conda':
      return direct === undefined
        ? `newest that the dependencies of ${wanted.environment} allow`
        : `newest that ${wanted.environment} allows: ${direct}`;
    case 'maven':
      if (after.use === 'jars') return direct ?? 'a jar of factory.yaml: maven depends on it';
      return `what Spark ${wanted.spark} goes with`;
    case 'pypi':
      if (after.use === 'spark') return `factory.yaml: spark ${wanted.spark}`;
      if (after.use === 'samples') return 'factory.yaml: samples';
      return `newest that builds ${wanted.code}`;
  }
}

/** Every input that is not the same bytes in both, with its reason; in the order of the lock. */
export function packageChanges(
  before: Lock | undefined,
  after: Lock,
  wanted: Wanted,
): readonly PackageChange[] {
  const old = new Map((before?.inputs ?? []).map((input) => [label(input), input]));
  const now = new Map(after.inputs.map((input) => [label(input), input]));
  return [...new Set([...now.keys(), ...old.keys()])].flatMap((key) => {
    const [was, is] = [old.get(key), now.get(key)];
    const input = is ?? was;
    if (input === undefined || was?.sha256 === is?.sha256) return [];
    return [
      {
        use: input.use,
        source: input.source,
        name: input.name,
        from: was === undefined ? null : versionOf(was),
        to: is === undefined ? null : versionOf(is),
        reason: why(was, is, wanted),
      },
    ];
  });
}

export function choiceChanges(before: Lock | undefined, after: Lock): Change['choices'] {
  return Object.entries(after.choices).flatMap(([name, { value }]) => {
    const was = before?.choices[name as keyof Lock['choices']].value ?? null;
    return was === value || before === undefined ? [] : [{ name, from: was, to: value }];
  });
}

/** What a layer is made of, as far as it is known before anything is built. */
export interface LayerNow {
  /** Digest of the parts. */
  readonly own: string;
  readonly parts: LayerParts;
}

/**
 * File names of a layer's inputs are told as packages, and what is left is what else of it differs. A layer that has
 * another one's inputs has no packages of its own.
 */
const isOfInput = (line: string): boolean => line.startsWith('input ');

/** Why each layer is built again. @param before undefined: there was no night. */
export function layerChanges(
  before: readonly LayerNow[] | undefined,
  now: readonly LayerNow[],
  packages: readonly PackageChange[],
): readonly LayerChange[] {
  const rebuilt = new Set<string>();
  return now.map(({ own: digest, parts }) => {
    const was = before?.find((each) => each.parts.name === parts.name);
    const below = Object.keys(parts.sees).filter((name) => rebuilt.has(name));
    if (was?.own === digest && below.length === 0) return { layer: parts.name, rebuilt: false, because: [] };
    rebuilt.add(parts.name);
    if (was === undefined) return { layer: parts.name, rebuilt: true, because: ['there was none before'] };
    if (was.own === digest)
      return {
        layer: parts.name,
        rebuilt: true,
        because: below.map((name) => `only if what it sees of layer ${name} changes`),
      };
    const own = packages.filter(({ use }) => use === parts.name);
    return {
      layer: parts.name,
      rebuilt: true,
      because: [
        ...own.map(({ name, from, to }) => `${name}: ${from ?? 'new'} -> ${to ?? 'removed'}`),
        ...differences(was.parts, parts).filter((line) => own.length === 0 || !isOfInput(line)),
      ],
    };
  });
}

const show = (version: string | null, absent: string): string => version ?? absent;

/** The change as a reviewer reads it, and as the message of its commit. */
export function changeText(change: Change, title: string): string {
  const { packages, choices, layers, since } = change;
  const lines = [
    title,
    '',
    since.what === 'nothing' ? 'There was no lock before.' : `Since ${since.what} ${since.name}:`,
    ...choices.map(({ name, from, to }) => `- ${name}: ${show(from, 'none')} -> ${to}`),
    ...packages.map(
      ({ source, name, from, to, reason }) =>
        `- ${source} ${name}: ${show(from, 'new')} -> ${show(to, 'removed')} (${reason})`,
    ),
    ...(packages.length + choices.length === 0 ? ['- no package'] : []),
    '',
    'Layers built again:',
    ...layers
      .filter(({ rebuilt }) => rebuilt)
      .map(({ layer, because }) => `- ${layer}: ${because.join('; ')}`),
    ...(layers.every(({ rebuilt }) => !rebuilt) ? ['- none'] : []),
  ];
  return `${lines.join('\n')}\n`;
}
