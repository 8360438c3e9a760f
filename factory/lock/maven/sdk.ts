import { KilnError } from '../../errors';
import type { Http } from '../../ports/inputs/http';
import type { Coordinates } from './coordinates';
import { parsePom, versionOf, type Pom } from './pom';
import { readFileOf } from './repository';

/** What S3A was built against, the newest first. */
const SDKS: readonly (readonly [string, string])[] = [
  ['software.amazon.awssdk', 'bundle'],
  ['com.amazonaws', 'aws-java-sdk-bundle'],
  ['com.amazonaws', 'aws-java-sdk'],
];

/** The SDK that hadoop-aws names, through its parents' poms. */
export async function sdkOf(hadoop: string, http: Http, base: string): Promise<Coordinates> {
  const chain: Pom[] = [];
  let next: Coordinates | undefined = { group: 'org.apache.hadoop', artifact: 'hadoop-aws', version: hadoop };
  while (next !== undefined) {
    const pom = parsePom(await readFileOf(next, 'pom', { http, base }));
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
