import type { Lock } from '../../contracts/lock';
import type { Spec } from '../../contracts/spec';
import { BROKEN_RELEASES, type Jdk, type SparkLine, type Suite } from '../compatibility';
import type { PythonAsked } from '../environment';
import { chooseBase, ranWith } from './base';
import { pythonRange, runsOnPython } from './python';
import type { Refusal } from './refusal';
import { lineOf, notARelease } from './release';
import { chooseSize, refuseSize } from './size';
import { chooseStorage } from './storage';
import { lastDay } from './last-day';

export { pythonBounds, runsOnPython } from './python';
export { releaseRefusal } from './release';
export { pickCommitter } from './storage';

/** What a specification comes to, with the reason of every choice. */
export interface Resolution {
  readonly line: SparkLine;
  readonly suite: Suite;
  readonly jdk: Jdk;
  /** Maven coordinates `group:artifact:version`; undefined where Spark has none and lives without. */
  readonly committer: string | undefined;
  /** As far as they are known without asking a registry. */
  readonly choices: Lock['choices'];
}

function refusePython(line: SparkLine, python: PythonAsked | undefined): Refusal[] {
  if (python?.minor === undefined || runsOnPython(line, `3.${String(python.minor)}`)) return [];
  return [
    {
      path: ['spark'],
      what: `Spark ${line.line} does not run on Python 3.${String(python.minor)}, which ${python.where} asks for`,
      hint: `allowed: ${pythonRange(line)}`,
    },
  ];
}

/**
 * Decides by the compatibility table alone.
 * @param python what the environment file asks for, if it says; what is solved is judged later, by `runsOnPython`.
 */
export function resolve(spec: Spec, python?: PythonAsked): Resolution | Refusal[] {
  const line = lineOf(spec.spark);
  if (line === undefined) return [notARelease(spec.spark)];
  const broken = BROKEN_RELEASES[spec.spark];
  const { base, refusals: ofBase } = chooseBase(spec, line);
  const refusals: Refusal[] = [
    ...(broken === undefined
      ? []
      : [
          {
            path: ['spark'],
            what: `Spark ${spec.spark} does not work: ${broken}`,
            hint: 'take a later patch release',
          },
        ]),
    ...ofBase,
    ...refusePython(line, python),
    ...refuseSize(spec, line),
  ];
  if (refusals.length > 0) return refusals;
  const storage = chooseStorage(spec.spark, line);
  return {
    line,
    suite: base.suite,
    jdk: base.jdk,
    committer: storage.committer,
    choices: {
      spark: { value: spec.spark, reason: ['factory.yaml: spark', ...remarks(spec.spark, line)].join('; ') },
      scala: { value: line.scala, reason: `compatibility table, Spark ${line.line}` },
      python: {
        value: python?.minor === undefined ? pythonRange(line) : `3.${String(python.minor)}`,
        reason: `${python === undefined ? 'left open' : `${spec.conda.environment}: ${python.text}`}; Spark ${line.line} runs on ${pythonRange(line)}`,
      },
      ...base.choices,
      ...storage.choices,
      ...chooseSize(spec, line),
    },
  };
}

/** What whoever takes this release should know. */
function remarks(release: string, line: SparkLine): readonly string[] {
  return [
    ...(line.run.some((one) => one.release === release && one.reached === 'cluster')
      ? []
      : [`not run on a cluster yet; run: ${ranWith(line)}`]),
    ...(line.endOfLife === undefined ? [] : [`end of support: ${lastDay(line.endOfLife)}`]),
    ...line.holes.map((hole) => `open: ${hole}`),
  ];
}
