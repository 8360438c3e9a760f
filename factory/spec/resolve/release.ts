import { SPARK_LINES, type SparkLine } from '../compatibility';
import type { Refusal } from './refusal';
import { list } from './words';

const EXACT = /^\d+\.\d+\.\d+$/;

const numbers = (release: string): readonly number[] => release.split('.').map(Number);

/** The newest release of a line that was run. */
const newest = ({ run }: SparkLine): string =>
  run.map(({ release }) => release).toSorted((a, b) => (numbers(b)[2] ?? 0) - (numbers(a)[2] ?? 0))[0] ?? '';

/** The line of an exact release that the compatibility table has. */
export const lineOf = (release: string): SparkLine | undefined =>
  EXACT.test(release) ? SPARK_LINES.find(({ line }) => release.startsWith(`${line}.`)) : undefined;

/** The known line nearest to what somebody wrote: 4.10 and 4.1.x begin with one; else of the same major version, else the last. */
function nearest(text: string): SparkLine | undefined {
  const begins = SPARK_LINES.filter(({ line }) => !EXACT.test(text) && text.startsWith(line)).at(-1);
  if (begins !== undefined) return begins;
  const [major = 0, minor = Infinity] = numbers(text);
  const near = SPARK_LINES.filter(({ line }) => numbers(line)[0] === major);
  return (near.length > 0 ? near : SPARK_LINES).toSorted((a, b) => {
    const [left = 0, right = 0] = [a, b].map(({ line }) => numbers(line)[1] ?? 0);
    return minor === Infinity ? right - left : Math.abs(left - minor) - Math.abs(right - minor);
  })[0];
}

/** What is wrong with a release that the table does not have, or with text that is none, and what is meant most likely. */
export function notARelease(text: string): Refusal {
  const known = `the compatibility table has ${list(SPARK_LINES.map(({ line }) => line))}`;
  const near = nearest(text);
  if (near?.line === text) {
    return {
      path: ['spark'],
      what: `${text} is a line of Spark, not an exact release`,
      hint: `spark: ${newest(near)} is its newest that was run`,
    };
  }
  return {
    path: ['spark'],
    what: EXACT.test(text)
      ? `Spark ${text} is not in the compatibility table`
      : `${JSON.stringify(text)} is not an exact release of Spark`,
    hint: near === undefined ? known : `did you mean ${newest(near)}? ${known}`,
  };
}

/** Why what stands under `spark:` is no release that can be baked; undefined where it is one. */
export const releaseRefusal = (text: string): Refusal | undefined =>
  lineOf(text) === undefined ? notARelease(text) : undefined;
