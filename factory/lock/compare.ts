import type { Input, Lock } from '../contracts/lock';
import { pythonBounds, runsOnPython } from '../spec/resolve';
import { withoutOf, type Asked } from './asked';
import { parseCoordinates } from './maven/coordinates';

const nameOf = (input: Input): string =>
  input.source === 'maven' && input.classifier !== undefined
    ? `${input.name}:${input.classifier}`
    : input.name;

const label = (input: Input): string => `${input.use} ${input.source} ${nameOf(input)}`;

/** One line for each input or choice that differs, `os debian openssl: 3.5.6 -> 3.5.7`. */
export function changes(before: Lock | undefined, after: Lock): string[] {
  const lines: string[] = [];
  const old = new Map((before?.inputs ?? []).map((input) => [label(input), input]));
  for (const [name, choice] of Object.entries(after.choices)) {
    const was = before?.choices[name as keyof Lock['choices']].value;
    if (before !== undefined && was !== choice.value) lines.push(`${name}: ${was ?? ''} -> ${choice.value}`);
  }
  if (before === undefined) return lines;
  const [was, is] = [before, after].map(({ condaWithout }) => condaWithout.join(', ') || 'nothing');
  if (was !== is) lines.push(`conda.without: ${was ?? ''} -> ${is ?? ''}`);
  for (const input of after.inputs) {
    const was = old.get(label(input));
    old.delete(label(input));
    if (was === undefined) lines.push(`${label(input)}: added ${input.version}`);
    else if (was.version !== input.version) lines.push(`${label(input)}: ${was.version} -> ${input.version}`);
    else if (was.sha256 !== input.sha256) lines.push(`${label(input)}: ${input.version}, another file`);
  }
  for (const was of old.values()) lines.push(`${label(was)}: removed ${was.version}`);
  return lines;
}

/** Why the inputs of a lock do not answer what is asked; empty when they do. */
function staleInputs(lock: Lock, asked: Asked): string[] {
  if (lock.spec === asked.digest) return [];
  const { spec, resolution } = asked;
  const has = (source: Input['source'], name: string, version?: string): boolean =>
    lock.inputs.some(
      (i) => i.source === source && i.name === name && (version === undefined || i.version === version),
    );
  const reasons = [
    ...(lock.image === spec.image ? [] : [`image is ${spec.image}, locked for ${lock.image}`]),
    ...(['spark', 'debian', 'java'] as const).flatMap((key) => {
      const wanted = resolution.choices[key].value;
      return lock.choices[key].value === wanted
        ? []
        : [`${key} is ${wanted}, locked ${lock.choices[key].value}`];
    }),
    ...spec.debs.filter((deb) => !has('debian', deb)).map((deb) => `debs has ${deb}, which is not locked`),
    ...spec.maven
      .filter(({ jar }) => {
        const { group, artifact, version } = parseCoordinates(jar);
        return !has('maven', `${group}:${artifact}`, version);
      })
      .map(({ jar }) => `maven has ${jar}, which is not locked`),
    ...spec.samples
      .filter((sample) => {
        const [name = '', version = ''] = sample.split('==');
        return !has('pypi', name, version);
      })
      .map((sample) => `samples has ${sample}, which is not locked`),
  ];
  return reasons.length > 0
    ? reasons
    : [
        `factory.yaml, ${spec.conda.environment}, the code package's build requirements or kiln's package lists changed`,
      ];
}

/** A lock of a time when only what was asked for was judged. */
const stalePython = (lock: Lock, { resolution }: Asked): string[] =>
  lock.inputs
    .filter(
      ({ source, name, version }) =>
        source === 'conda' && name === 'python' && !runsOnPython(resolution.line, version),
    )
    .map(({ version }) => `${pythonBounds(resolution.line).words}, locked is Python ${version}`);

/** A lock of a time when the compatibility table said otherwise: its inputs are others. */
const staleTable = (lock: Lock, asked: Asked): string[] =>
  differing(lock, asked, ['hadoop', 's3a', 'committer']);

/** Choices by which recipes treat the same inputs. */
const TREATMENT = ['jars', 'sdkClasses', 'classData'] as const;

const differing = (lock: Lock, { resolution }: Asked, names: readonly (keyof Lock['choices'])[]): string[] =>
  names
    .filter((name) => lock.choices[name].value !== resolution.choices[name].value)
    .map((name) => `${name} is ${resolution.choices[name].value}, locked ${lock.choices[name].value}`);

const staleTreatment = (lock: Lock, asked: Asked): string[] => {
  const without = withoutOf(asked.spec).join(', ');
  return [
    ...differing(lock, asked, TREATMENT),
    ...(lock.condaWithout.join(', ') === without
      ? []
      : [`conda.without is ${without || 'nothing'}, locked ${lock.condaWithout.join(', ') || 'nothing'}`]),
  ];
};

/** Why a lock is out of date; empty when it is up to date. */
export const staleness = (lock: Lock, asked: Asked): string[] => [
  ...staleInputs(lock, asked),
  ...stalePython(lock, asked),
  ...staleTable(lock, asked),
  ...staleTreatment(lock, asked),
];

/** The lock with every pin it has, where what is asked differs only in how inputs are treated. */
export function treatedAnew(lock: Lock, asked: Asked): Lock | undefined {
  if ([staleInputs, stalePython, staleTable].some((stale) => stale(lock, asked).length > 0)) return undefined;
  const { s3a, jars, sdkClasses, classData } = asked.resolution.choices;
  return {
    ...lock,
    choices: { ...lock.choices, s3a, jars, sdkClasses, classData },
    condaWithout: withoutOf(asked.spec),
  };
}
