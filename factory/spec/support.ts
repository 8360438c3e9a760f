import { JDKS, PYTHON_ENDS, SUITE_ENDS } from './compatibility';
import { lastDay } from './resolve/last-day';
import { lineOf } from './resolve/release';

/** A part of an image that nobody mends any more. */
export interface Unsupported {
  /** With its version: `Spark 2.2.3`. */
  readonly part: string;
  /** The last day on which it was supported, as 2019-01-31; undefined: it never was, or nobody knows. */
  readonly until: string | undefined;
  readonly source: string;
}

const minorOf = (version: string): string => version.split('.').slice(0, 2).join('.');

/** A table that does not have a part says nothing good of it. */
const unknown = (part: string): Unsupported => ({
  part,
  until: undefined,
  source: "kiln's table does not have it, so whether it is supported is not known",
});

function sparkEnd(spark: string): readonly Unsupported[] {
  const line = lineOf(spark);
  if (line === undefined) return [unknown(`Spark ${spark}`)];
  if (line.endOfLife === undefined) return [];
  const source = "Spark's versioning policy, endoflife.date";
  return [{ part: `Spark ${spark}`, until: lastDay(line.endOfLife), source }];
}

function javaEnd(java: string): readonly Unsupported[] {
  const jdk = JDKS.find((each) => String(each.java) === java);
  if (jdk === undefined) return [unknown(`Java ${java}`)];
  const source = `no security support: it comes from Debian ${jdk.suite}`;
  return jdk.supported ? [] : [{ part: `Java ${java}`, until: undefined, source }];
}

function pythonEnd(python: string): readonly Unsupported[] {
  const part = `Python ${python}`;
  const end = PYTHON_ENDS[minorOf(python)];
  if (end !== undefined) return [{ part, until: lastDay(end), source: "Python's release schedule" }];
  // Until it is solved, it may be a range in words.
  return /^\d+(\.\d+)+$/.test(python) ? [unknown(part)] : [];
}

function debianEnd(debian: string): readonly Unsupported[] {
  const until = SUITE_ENDS[debian];
  const part = `Debian ${debian}`;
  return until === undefined ? [unknown(part)] : [{ part, until, source: "Debian's security team" }];
}

/** Ends of the parts of an image that it names, passed or not. */
const ends = ({ spark, java, python, debian }: Readonly<Record<string, string>>): readonly Unsupported[] => [
  ...(spark === undefined ? [] : sparkEnd(spark)),
  ...(java === undefined ? [] : javaEnd(java)),
  ...(python === undefined ? [] : pythonEnd(python)),
  ...(debian === undefined ? [] : debianEnd(debian)),
];

/**
 * Parts of an image that are not supported on a day.
 * @param versions of its record, or of the choices of its lock.
 * @param now milliseconds since the epoch; days are UTC's.
 */
export function unsupported(versions: Readonly<Record<string, string>>, now: number): readonly Unsupported[] {
  const today = new Date(now).toISOString().slice(0, 10);
  return ends(versions).filter(({ until }) => until === undefined || until < today);
}

/** `Spark 2.2.3 since 2019-01-31 (…)`. */
export const unsupportedText = ({ part, until, source }: Unsupported): string =>
  until === undefined ? `${part} (${source})` : `${part} since ${until} (${source})`;

/** Known holes of an image's Spark that kiln's settings do not close, on whatever day. */
export const openHoles = ({ spark = '' }: Readonly<Record<string, string>>): readonly string[] =>
  lineOf(spark)?.holes ?? [];
