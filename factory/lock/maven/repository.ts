import { KilnError, type Fault } from '../../errors';
import type { Http } from '../../ports/inputs/http';
import { nearest } from '../../spec/nearest';
import { artifactFolder, artifactPath, coordinatesText, type Coordinates } from './coordinates';

const unreachable = (url: string, status: number): KilnError =>
  new KilnError({
    code: 'unreachable',
    what: `${url}: status ${String(status)}`,
    hint: 'try again later',
  });

/** A file's text; undefined where the repository says that there is none. */
async function textOf(url: string, http: Http): Promise<string | undefined> {
  const response = await http.request(url);
  if (response.status === 200) return response.text();
  await response.discard();
  if (response.status === 404) return undefined;
  throw unreachable(url, response.status);
}

const MIRROR = 'name another repository: KILN_MIRROR_MAVEN=ADDRESS kiln lock';

/** @throws KilnError `unresolvable` that names the artifact. */
export async function readFileOf(
  coordinates: Coordinates,
  extension: string,
  { http, base }: { readonly http: Http; readonly base: string },
): Promise<string> {
  const [kind = 'jar', ...rest] = extension.split('.');
  const path = artifactPath(coordinates, kind === 'pom' ? 'pom' : 'jar');
  const url = [`${base}/${path}`, ...rest].join('.');
  const text = await textOf(url, http);
  if (text !== undefined) return text;
  throw new KilnError({
    code: 'unresolvable',
    what: `the Maven repository has no ${kind} of ${coordinatesText(coordinates)}`,
    hint: `wanted ${url}\ncorrect the coordinates in factory.yaml, or ${MIRROR}`,
  });
}

/** How many releases are named to somebody who named one that there is not. */
const SHOWN = 3;

/** What is wrong with coordinates that the repository does not have; undefined where it has them. */
export async function unknown(
  coordinates: Coordinates,
  { http, base }: { readonly http: Http; readonly base: string },
): Promise<Omit<Fault, 'where'> | undefined> {
  const { group, artifact, version } = coordinates;
  if ((await textOf(`${base}/${artifactPath(coordinates, 'pom')}`, http)) !== undefined) return undefined;
  const metadata = await textOf(`${base}/${artifactFolder(coordinates)}/maven-metadata.xml`, http);
  if (metadata === undefined) {
    return {
      what: `the Maven repository has no ${group}:${artifact}`,
      hint: `correct the group and the artifact, or ${MIRROR}`,
    };
  }
  const releases = [...metadata.matchAll(/<version>([^<]+)<\/version>/g)].map(([, each = '']) => each);
  const meant = nearest(version, releases);
  const newest = releases.slice(-SHOWN).reverse().join(', ');
  return {
    what: `${group}:${artifact} has no release ${version}`,
    hint: meant === undefined ? `its newest: ${newest}` : `did you mean ${meant}? its newest: ${newest}`,
  };
}
