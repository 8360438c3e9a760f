import type { Lock } from '../../contracts/lock';
import type { Spec } from '../../contracts/spec';
import { type Jdk, JDKS, type SparkLine, type Suite, SUITES } from '../compatibility';
import type { Refusal } from './refusal';
import { list } from './words';

/** Debian and its JDK. */
export interface Base {
  readonly suite: Suite;
  readonly jdk: Jdk;
  readonly choices: Pick<Lock['choices'], 'debian' | 'java'>;
}

/** @returns what the image is based on, and every reason why it cannot be. */
export function chooseBase(
  spec: Spec,
  line: SparkLine,
): { readonly base: Base; readonly refusals: Refusal[] } {
  const refusals: Refusal[] = [];
  const suite = SUITES.find(({ name }) => name === spec.debian) ?? SUITES[0];
  if (spec.debian !== undefined && spec.debian !== suite.name)
    refusals.push({
      path: ['debian'],
      what: `the recipes cannot bake ${spec.debian}`,
      hint: `leave debian out, or name ${list(SUITES.map(({ name }) => name))}: every Spark runs on it`,
    });
  const [usual] = line.java;
  const java = spec.java ?? usual;
  const jdk = JDKS.find((one) => one.java === java) ?? { java, suite: suite.name, supported: false };
  if (!line.java.includes(java))
    refusals.push({
      path: ['java'],
      what: `Spark ${line.line} does not run on Java ${String(java)}`,
      hint: `allowed: ${list(line.java.toSorted((a, b) => a - b))}`,
    });
  return {
    base: { suite, jdk, choices: { debian: debian(spec, suite), java: javaOf(spec, line, jdk) } },
    refusals,
  };
}

const debian = (spec: Spec, suite: Suite): Lock['choices']['debian'] => ({
  value: suite.name,
  reason: spec.debian === undefined ? 'the base of every image' : 'factory.yaml: debian',
});

function javaOf(spec: Spec, line: SparkLine, { java, suite, note }: Jdk): Lock['choices']['java'] {
  const by =
    spec.java === undefined ? `compatibility table, Spark ${line.line}: default` : 'factory.yaml: java';
  const ran = line.run.some((one) => one.java === java);
  return {
    value: String(java),
    reason: [
      by,
      `Spark ${line.line} runs on ${list(line.java)}`,
      `openjdk-${String(java)} of ${suite}${note === undefined ? '' : `: ${note}`}`,
      ...(ran ? [] : [`not run with this Spark yet; run: ${ranWith(line)}`]),
    ].join('; '),
  };
}

/** `3.5.9 with Java 17 and Python 3.11`, of each that was run. */
export const ranWith = ({ run }: SparkLine): string =>
  run
    .map(({ release, java, python }) => `${release} with Java ${String(java)} and Python ${python}`)
    .join(', ');
