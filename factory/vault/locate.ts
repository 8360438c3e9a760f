import type { Input } from '../contracts/lock';
import type { Channels } from '../ports/inputs/channels';
import type { Http } from '../ports/inputs/http';
import type { Mirrors } from '../ports/inputs/mirrors';
import { PythonIndex } from '../ports/inputs/python-index';

/** A registry's path segment: versions carry `+`, `~` and epochs' `%3a`, which stay as the lock has them. */
const encoded = (path: string): string =>
  path
    .split('/')
    .map((part) => encodeURIComponent(part).replace(/%(2B|7E|3A)/gi, (code) => decodeURIComponent(code)))
    .join('/');

/** Debian's own archive of every state its mirrors ever had. */
const SNAPSHOTS = 'https://snapshot.debian.org/archive';
/** Seconds: an archive's state is taken some times a day; half a day on, the locked release is in it. */
const TAKEN = 43_200;

/** Where the suite's archive has a Debian package; other registries have none: they drop nothing. */
export function snapshotUrl(input: Input, epoch: number, archive: string = SNAPSHOTS): string | undefined {
  if (input.source !== 'debian') return undefined;
  const state = new Date((epoch + TAKEN) * 1000).toISOString().replace(/[-:]|\.\d+/g, '');
  return `${archive}/${input.archive}/${state}/${encoded(input.path)}`;
}

/** Where each input can be had on this machine's mirrors. */
export class Locator {
  private readonly index: PythonIndex;

  constructor(
    http: Http,
    private readonly mirrors: Mirrors,
    private readonly channels: Channels,
  ) {
    this.index = new PythonIndex(http, () => mirrors.base('pypi'));
  }

  /** undefined: the index does not list such a file any more. */
  async url(input: Input): Promise<string | undefined> {
    switch (input.source) {
      case 'debian':
        return `${await this.mirrors.base(input.archive)}/${encoded(input.path)}`;
      case 'maven':
        return `${await this.mirrors.base('maven')}/${encoded(input.path)}`;
      case 'conda':
        return `${await this.channels.base(input.channel)}/${input.subdir}/${encoded(input.file)}`;
      case 'pypi':
        return (await this.index.files(input.name))?.find((f) => f.file === input.file)?.url;
    }
  }
}
