import { createHash } from 'node:crypto';
import { z } from 'zod';
import { Sha256 } from '../../contracts/digest';
import { defined } from '../../defined';
import { KEYRING } from '../../lock/debian';
import { type DebianSources, pockets } from '../../lock/debian/apt-config';
import type { Exec } from '../../ports/machine/exec';
import type { Http } from '../../ports/inputs/http';

/*
 * Whether anything that a resolution reads has changed, for the price of a few conditional requests. What a lock
 * takes from Maven is not among it: a released artifact never changes.
 */

/** One page that says what a registry has. */
export interface Index {
  /** `debian trixie-updates`, for messages. */
  readonly name: string;
  readonly url: string;
  readonly accept?: string;
  readonly kind:
    /** A suite's signed Release file: every other index of it by digest. */
    | 'release'
    /** Small enough to be read. */
    | 'page'
    /** Tens of megabytes: what the server says of it must do. */
    | 'large';
}

/** What an index was when it was looked at. */
export const Seen = z.strictObject({
  name: z.string(),
  url: z.string(),
  etag: z.string().optional(),
  modified: z.string().optional(),
  /** Of its bytes; of a large one, of what the server said of it. */
  sha256: Sha256,
  /** Milliseconds since the epoch after which its signature says nothing any more. */
  validUntil: z.number().optional(),
});
export type Seen = z.infer<typeof Seen>;

export interface Bases {
  readonly debian: string;
  readonly 'debian-security': string;
  readonly pypi: string;
  /** Address by channel; those on loopback are folders, served at another port each time. */
  readonly channels: Readonly<Record<string, string>>;
}

const SIMPLE = 'application/vnd.pypi.simple.v1+json';
const SUBDIRS = ['linux-64', 'noarch'];
const isLocal = (url: string): boolean => new URL(url).hostname === '127.0.0.1';

/** @param projects Python projects whose pages a resolution reads. */
export function indicesOf(
  debian: DebianSources,
  projects: readonly string[],
  bases: Bases,
): readonly Index[] {
  return [
    ...pockets(debian).map((pocket): Index => ({
      name: `debian ${pocket.suite}`,
      url: `${bases[pocket.archive]}/dists/${pocket.suite}/InRelease`,
      kind: 'release',
    })),
    ...[...new Set(projects)].sort().map((project): Index => ({
      name: `pypi ${project}`,
      url: `${bases.pypi}/${project}/`,
      accept: SIMPLE,
      kind: 'page',
    })),
    ...Object.entries(bases.channels).flatMap(([channel, base]) =>
      SUBDIRS.map((subdir): Index => ({
        name: `conda ${channel} ${subdir}`,
        url: `${base}/${subdir}/repodata.json`,
        kind: isLocal(base) ? 'page' : 'large',
      })),
    ),
  ];
}

export interface Look {
  readonly index: Index;
  /** Undefined when the registry does not answer with it: then nothing can be said of the next time. */
  readonly seen: Seen | undefined;
  readonly same: boolean;
  /** What was read of it, where it was. */
  readonly text: string | undefined;
}

const sha256 = (text: string | Uint8Array): string => createHash('sha256').update(text).digest('hex');

/** A folder's address is another one each time it is served; what lies there counts. */
const sameAddress = (index: Index, seen: Seen): boolean =>
  index.url === seen.url || (isLocal(index.url) && isLocal(seen.url));

/** Milliseconds; undefined where a Release file sets no end. */
function validUntil(text: string): number | undefined {
  const date = /^Valid-Until: (.*)$/m.exec(text)?.[1];
  const time = date === undefined ? NaN : Date.parse(date);
  return Number.isNaN(time) ? undefined : time;
}

/** Asks whether an index is still what it was. */
async function lookAt(index: Index, before: Seen | undefined, http: Http, now: number): Promise<Look> {
  const known =
    before !== undefined && sameAddress(index, before) && (before.validUntil ?? Infinity) > now
      ? before
      : undefined;
  const validators = index.kind === 'large' ? undefined : known;
  const response = await http.request(index.url, {
    method: index.kind === 'large' ? 'HEAD' : 'GET',
    headers: defined({
      accept: index.accept,
      'if-none-match': validators?.etag,
      'if-modified-since': validators?.etag === undefined ? validators?.modified : undefined,
    }),
  });
  const [etag, modified] = [response.header('etag'), response.header('last-modified')];
  if (response.status === 304 && known !== undefined) {
    await response.discard();
    return { index, seen: known, same: true, text: undefined };
  }
  if (response.status !== 200) {
    await response.discard();
    return { index, seen: undefined, same: false, text: undefined };
  }
  const text = index.kind === 'large' ? undefined : await response.text();
  await response.discard();
  if (text === undefined && etag === undefined && modified === undefined)
    return { index, seen: undefined, same: false, text };
  const digest = sha256(text ?? JSON.stringify([etag, modified, response.header('content-length')]));
  const until = text === undefined || index.kind !== 'release' ? undefined : validUntil(text);
  const seen: Seen = {
    name: index.name,
    url: index.url,
    ...defined({ etag, modified }),
    sha256: digest,
    ...defined({ validUntil: until }),
  };
  return { index, seen, same: known?.sha256 === digest, text };
}

/** Looks at all of them at once. */
export async function lookAtAll(
  indices: readonly Index[],
  before: readonly Seen[],
  http: Http,
  now: number,
): Promise<readonly Look[]> {
  const known = new Map(before.map((seen) => [seen.name, seen]));
  return await Promise.all(indices.map((index) => lookAt(index, known.get(index.name), http, now)));
}

/**
 * What is remembered of a look: only what Debian's keys signed, so that nobody else's word can keep a night from
 * seeing what is new.
 */
export async function remembered(looks: readonly Look[], exec: Exec): Promise<readonly Seen[]> {
  const kept = await Promise.all(
    looks.map(async ({ index, seen, same, text }) => {
      if (seen === undefined || same || index.kind !== 'release') return seen;
      const good = await exec
        .run('gpgv', ['--quiet', '--keyring', KEYRING], { input: text ?? '' })
        .then(() => true)
        .catch(() => false);
      return good ? seen : undefined;
    }),
  );
  return kept.filter((seen) => seen !== undefined);
}
