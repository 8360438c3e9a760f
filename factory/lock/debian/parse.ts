import { KilnError } from '../../errors';

/** One line of `apt-get install --print-uris`. */
export interface PlannedDeb {
  readonly uri: string;
  readonly name: string;
  readonly version: string;
  readonly arch: string;
}

/** `'URI' name_version_arch.deb size hash`; the version's colon is written %3a there. */
export function parsePrintUris(text: string): PlannedDeb[] {
  return text.split('\n').flatMap((line) => {
    const match = /^'([^']+)' ([^_\s]+)_([^_\s]+)_([^_\s]+)\.deb \d+/.exec(line);
    if (match === null) return [];
    const [, uri = '', name = '', version = '', arch = ''] = match;
    return [{ uri, name, version: decodeURIComponent(version), arch }];
  });
}

/** What the suite's signed package index says of a deb. */
export interface IndexedDeb {
  readonly name: string;
  readonly version: string;
  readonly arch: string;
  /** Relative to the archive's root. */
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
}

/** Stanzas of `apt-cache show`. */
export function parseShow(text: string): IndexedDeb[] {
  return text
    .split(/\n\n+/)
    .filter((stanza) => stanza.trim() !== '')
    .map((stanza) => {
      const field = (name: string): string => {
        const value = new RegExp(`^${name}: (.*)$`, 'm').exec(stanza)?.[1];
        if (value === undefined) {
          throw new KilnError({
            code: 'bad-index',
            what: `Debian's package index has a stanza without ${name}:\n${stanza.slice(0, 200)}`,
            hint: 'is the mirror a complete one? Name another: KILN_MIRROR_DEBIAN=ADDRESS kiln lock',
          });
        }
        return value;
      };
      return {
        name: field('Package'),
        version: field('Version'),
        arch: field('Architecture'),
        path: field('Filename'),
        size: Number(field('Size')),
        sha256: field('SHA256'),
      };
    });
}

/** Milliseconds since the epoch of a date in a Release file; undefined where it has none that can be read. */
function dateIn(release: string, field: string): number | undefined {
  const time = Date.parse(new RegExp(`^${field}: (.*)$`, 'm').exec(release)?.[1] ?? '');
  return Number.isNaN(time) ? undefined : time;
}

/** Seconds since the epoch of a Release file's Date. */
export function releaseDate(release: string): number {
  const time = dateIn(release, 'Date');
  if (time === undefined) {
    throw new KilnError({ code: 'bad-index', what: 'a Release file of the Debian mirror has no Date' });
  }
  return Math.floor(time / 1000);
}

/** The day, YYYY-MM-DD, on which a Release file ceased to be valid; undefined when it is valid at `now`. */
export function expiredOn(release: string, now: Date): string | undefined {
  const until = dateIn(release, 'Valid-Until');
  return until === undefined || until >= now.getTime()
    ? undefined
    : new Date(until).toISOString().slice(0, 10);
}
