import { JDKS, PYTHON_ENDS, SUITE_ENDS } from './compatibility';
import { lastDay } from './resolve/last-day';
import { lineOf } from './resolve/release';

/** A part of an image that nobody mends any more. */
export interface Unsupported {
  /** With its version: `Spark 2.2.3`. */
  readonly part: string;
  /** The last day on which it was supported, as 2019-01-31; undefined: it never was, where it comes from. */
  readonly until: string | undefined;
  readonly source: string;
}

const minorOf = (version: string): string => version.split('.').slice(0, 2).join('.');

/** Ends of the parts of an image, passed or not. */
function ends(versions: Readonly<Record<string, string>>): readonly Unsupported[] {
  const { spark = '', java = '', python = '', debian = '' } = versions;
  const line = lineOf(spark)?.endOfLife;
  const jdk = JDKS.find((each) => String(each.java) === java);
  const ofPython = PYTHON_ENDS[minorOf(python)];
  const ofSuite = SUITE_ENDS[debian];
  return [
    ...(line === undefined
      ? []
      : [
          {
            part: `Spark ${spark}`,
            until: lastDay(line),
            source: "Spark's versioning policy, endoflife.date",
          },
        ]),
    ...(jdk?.note === undefined
      ? []
      : [{ part: `Java ${java}`, until: undefined, source: `it comes from Debian ${jdk.suite}` }]),
    ...(ofPython === undefined
      ? []
      : [{ part: `Python ${python}`, until: lastDay(ofPython), source: "Python's release schedule" }]),
    ...(ofSuite === undefined
      ? []
      : [{ part: `Debian ${debian}`, until: ofSuite, source: "Debian's security team" }]),
  ];
}

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
  until === undefined ? `${part} has no security support (${source})` : `${part} since ${until} (${source})`;

/** Known holes of an image's Spark that kiln's settings do not close, on whatever day. */
export const openHoles = ({ spark = '' }: Readonly<Record<string, string>>): readonly string[] =>
  lineOf(spark)?.holes ?? [];
