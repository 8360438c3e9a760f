import type { Input, MavenInput } from '../../contracts/lock';
import { KilnError, type Fault } from '../../errors';
import type { Http } from '../../ports/inputs/http';
import type { Maven } from '../../ports/inputs/maven';
import type { Step } from '../step';
import { coordinatesText, parseCoordinates, type Coordinates } from './coordinates';
import { readContents } from './jar/contents';
import { sparkJars } from './jar/spark-jars';
import { judgeTwice, type AskedJar } from './asked';
import { chooseJars } from './choose';
import { lacking, refuse, type ChosenJar } from './faults';
import { judgeJars } from './judge-jars';
import type { Image } from './judge';
import { leftOut } from './left-out';
import { hadoopJar, ownJars } from './own-jars';
import { pin, type Keep } from './pin';
import { unknown } from './repository';
import { sdkOf } from './sdk';

export type { Keep } from './pin';
export { sdkOf } from './sdk';

interface Ports {
  readonly http: Http;
  readonly base: () => Promise<string>;
  readonly keep: Keep;
  readonly maven: Maven;
  /** The file of an input, downloaded if it is not here. */
  readonly file: (input: Input) => Promise<string>;
  readonly step: Step;
}

/** Hadoop's shaded client, beside which Spark's own libraries may be of any release. */
const CLIENT = ['hadoop-client-api', 'hadoop-client-runtime'];

export interface MavenWanted {
  readonly hadoop: string;
  /** Whether the Hadoop client of that release takes the place of the one in Spark's sdist. */
  readonly client: boolean;
  /** `group:artifact:version`. */
  readonly committer: string | undefined;
  readonly jars: readonly AskedJar[];
  readonly image: Image;
  /** The release of Spark; asked for only where there are jars to judge by it. */
  readonly spark: () => Promise<Input>;
  /** Text of the list of Spark's jars that the image lacks; undefined: it has all of them. */
  readonly slim: () => string | undefined;
}

/** One after the other, as only one process may write to the vault, and every jar that cannot be had is named. */
async function pinAll(
  jars: readonly ChosenJar[],
  known: readonly Input[],
  ports: Omit<Ports, 'base'> & { readonly base: string },
): Promise<{ readonly jar: ChosenJar; readonly input: MavenInput }[]> {
  const faults: Fault[] = [];
  const pinned = [];
  for (const jar of jars) {
    try {
      pinned.push({ jar, input: await pin('jars', jar, known, ports) });
    } catch (error) {
      if (!(error instanceof KilnError) || error.code !== 'unresolvable') throw error;
      faults.push(lacking(jar, error));
    }
  }
  refuse(faults);
  return pinned;
}

/** What is asked for under `maven:`, and all that it needs. */
async function resolveJars(
  wanted: MavenWanted,
  hadoop: readonly { readonly coordinates: Coordinates; readonly input: MavenInput }[],
  known: readonly Input[],
  ports: Ports,
): Promise<MavenInput[]> {
  const { jars: asked, image } = wanted;
  if (asked.length === 0) return [];
  refuse(judgeTwice(asked));
  const base = await ports.base();
  const unknowns = await Promise.all(asked.map((jar) => unknown(jar, { ...ports, base })));
  refuse(asked.flatMap(({ where }, i) => (unknowns[i] === undefined ? [] : [{ where, ...unknowns[i] }])));
  ports.step(`maven: reading the jars of Spark ${image.spark}`);
  const shipped = await sparkJars(await ports.file(await wanted.spark()));
  const own = ownJars([
    ...(wanted.client ? shipped.filter(({ file }) => !file.startsWith('hadoop-')) : shipped),
    ...(await Promise.all(
      hadoop.map(async ({ coordinates, input }) =>
        hadoopJar(coordinates, input.path, await ports.file(input)),
      ),
    )),
  ]);
  ports.step('maven: asking Maven what the jars need');
  const slim = wanted.slim();
  const absent = slim === undefined ? () => false : leftOut(slim);
  const { jars, instead, forced } = await chooseJars(asked, image, own, absent, ports.maven);
  if (instead.length > 0) ports.step(`maven: the image's own instead of ${instead.join(', ')}`);
  const pinned = await pinAll(jars, known, { ...ports, base });
  const read = [];
  for (const { jar, input } of pinned) {
    read.push({ ...jar, contents: await readContents(coordinatesText(jar), await ports.file(input)) });
  }
  const reasons = judgeJars(read, image, own, forced);
  return pinned.map(({ jar, input }) => {
    const reason = reasons.get(coordinatesText(jar));
    return reason === undefined ? input : { ...input, forced: reason };
  });
}

/**
 * S3A, its SDK, the committer binding and the team's jars.
 * @param known inputs locked before: a released artifact never changes, so its pin is taken over unread.
 */
export async function resolveMaven(
  wanted: MavenWanted,
  known: readonly Input[],
  ports: Ports,
): Promise<{ inputs: MavenInput[]; sdk: Coordinates }> {
  const { http, step } = ports;
  const base = await ports.base();
  const sdk = await sdkOf(wanted.hadoop, http, base);
  const hadoop: Coordinates[] = [
    ...['hadoop-aws', ...(wanted.client ? CLIENT : [])].map((artifact) => ({
      ...{ group: 'org.apache.hadoop', artifact, version: wanted.hadoop },
    })),
    sdk,
    ...(wanted.committer === undefined ? [] : [parseCoordinates(wanted.committer)]),
  ];
  const pinned = [];
  for (const coordinates of hadoop) {
    pinned.push({ coordinates, input: await pin('hadoop', coordinates, known, { ...ports, base }) });
  }
  const jars = await resolveJars(wanted, pinned, known, ports);
  const inputs = [...pinned.map(({ input }) => input), ...jars];
  step(
    `maven: hadoop-aws ${wanted.hadoop} with ${sdk.artifact} ${sdk.version}, ${String(inputs.length)} jars`,
  );
  return { inputs, sdk };
}
