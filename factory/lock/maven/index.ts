import type { Input, MavenInput, Use } from '../../contracts/lock';
import { KilnError } from '../../errors';
import type { Http } from '../../ports/inputs/http';
import type { Step } from '../step';
import { artifactPath, parseCoordinates, type Coordinates } from './coordinates';
import { parsePom, versionOf, type Pom } from './pom';

/** Keeps a stream that has the given sha1, and says what it is by size and sha256. */
export type Keep = (
  name: string,
  chunks: AsyncIterable<Uint8Array>,
  sha1: string,
) => Promise<{ readonly size: number; readonly sha256: string }>;

interface Ports {
  readonly http: Http;
  readonly base: () => Promise<string>;
  readonly keep: Keep;
  readonly step: Step;
}

/** Hadoop's shaded client, beside which Spark's own libraries may be of any release. */
const CLIENT = ['hadoop-client-api', 'hadoop-client-runtime'];

/** What S3A was built against, the newest first. */
const SDKS: readonly (readonly [string, string])[] = [
  ['software.amazon.awssdk', 'bundle'],
  ['com.amazonaws', 'aws-java-sdk-bundle'],
  ['com.amazonaws', 'aws-java-sdk'],
];

async function read(url: string, http: Http): Promise<string> {
  const response = await http.request(url);
  if (response.status === 200) return response.text();
  await response.discard();
  throw new KilnError(
    response.status === 404
      ? {
          code: 'unresolvable',
          what: `the Maven repository has no ${url.split('/').pop() ?? url}`,
          hint: `wanted ${url}\ncorrect the coordinates in factory.yaml, or name another repository: KILN_MIRROR_MAVEN=ADDRESS kiln lock`,
        }
      : { code: 'unreachable', what: `${url}: status ${String(response.status)}`, hint: 'try again later' },
  );
}

/** The SDK that hadoop-aws names, through its parents' poms. */
export async function sdkOf(hadoop: string, http: Http, base: string): Promise<Coordinates> {
  const chain: Pom[] = [];
  let next: Coordinates | undefined = { group: 'org.apache.hadoop', artifact: 'hadoop-aws', version: hadoop };
  while (next !== undefined) {
    const pom = parsePom(await read(`${base}/${artifactPath(next, 'pom')}`, http));
    chain.push(pom);
    for (const [group, artifact] of SDKS) {
      const version = versionOf(chain, group, artifact);
      if (version !== undefined && !version.includes('${')) return { group, artifact, version };
    }
    next =
      pom.parent === undefined
        ? undefined
        : { group: pom.parent.groupId, artifact: pom.parent.artifactId, version: pom.parent.version };
  }
  throw new KilnError({
    code: 'unresolvable',
    what: `the poms of hadoop-aws ${hadoop} name no AWS SDK that kiln knows`,
    hint: `looked for ${SDKS.map((sdk) => sdk.join(':')).join(', ')}`,
  });
}

export interface MavenWanted {
  readonly hadoop: string;
  /** Whether the Hadoop client of that release takes the place of the one in Spark's sdist. */
  readonly client: boolean;
  /** `group:artifact:version`. */
  readonly committer: string | undefined;
  readonly jars: readonly string[];
}

/**
 * S3A, its SDK, the committer binding and the team's jars.
 * @param known inputs locked before: a released artifact never changes, so its pin is taken over unread.
 */
export async function resolveMaven(
  wanted: MavenWanted,
  known: readonly Input[],
  { http, base, keep, step }: Ports,
): Promise<{ inputs: MavenInput[]; sdk: Coordinates }> {
  const root = await base();
  const sdk = await sdkOf(wanted.hadoop, http, root);
  const pin = async (use: Use, coordinates: Coordinates): Promise<MavenInput> => {
    const path = artifactPath(coordinates, 'jar');
    const name = `${coordinates.group}:${coordinates.artifact}`;
    const entry = { use, source: 'maven', name, version: coordinates.version, path } as const;
    const before = known.find((input) => input.source === 'maven' && input.path === path);
    if (before !== undefined) return { ...entry, size: before.size, sha256: before.sha256 };
    step(`maven: fetching ${name} ${coordinates.version} to learn its sha256`);
    const url = `${root}/${path}`;
    const sha1 = (await read(`${url}.sha1`, http)).trim().split(/\s+/)[0] ?? '';
    const response = await http.request(url);
    if (response.status !== 200) {
      await response.discard();
      throw new KilnError({
        code: 'unresolvable',
        what: `the Maven repository answers status ${String(response.status)} for ${name} ${coordinates.version}`,
        hint: `wanted ${url}`,
      });
    }
    const { size, sha256 } = await keep(`${name} ${coordinates.version}`, response.body(), sha1);
    return { ...entry, size, sha256 };
  };
  const hadoop: Coordinates[] = [
    ...['hadoop-aws', ...(wanted.client ? CLIENT : [])].map((artifact) => ({
      ...{ group: 'org.apache.hadoop', artifact, version: wanted.hadoop },
    })),
    sdk,
    ...(wanted.committer === undefined ? [] : [parseCoordinates(wanted.committer)]),
  ];
  const inputs = await Promise.all([
    ...hadoop.map((c) => pin('hadoop', c)),
    ...wanted.jars.map((jar) => pin('jars', parseCoordinates(jar))),
  ]);
  step(
    `maven: hadoop-aws ${wanted.hadoop} with ${sdk.artifact} ${sdk.version}, ${String(inputs.length)} jars`,
  );
  return { inputs, sdk };
}
