import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DebianInput, Use } from '../../contracts/lock';
import { KilnError } from '../../errors';
import type { Exec } from '../../ports/machine/exec';
import type { Mirrors } from '../../ports/inputs/mirrors';
import type { Step } from '../step';
import { aptConfig, type DebianSources, preferences, sourcesList } from './apt-config';
import { refuseOtherNames } from './own-names';
import { expiredOn, parsePrintUris, parseShow, releaseDate, type IndexedDeb, type PlannedDeb } from './parse';

/** From Debian's package debian-archive-keyring. */
export const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Packages wanted for one use; `?essential` and other apt patterns may stand among the names. */
export interface DebianSet {
  readonly use: Use;
  readonly names: readonly string[];
  /** Those of factory.yaml: each has to come by that very name. */
  readonly own?: readonly string[];
  /** Those packages without what they depend on: the image's base has what their programs need. */
  readonly alone?: boolean;
}

export interface DebianResult {
  readonly inputs: DebianInput[];
  /** Newest Date of the suites' Release files, seconds since the epoch. */
  readonly epoch: number;
}

interface Ports {
  readonly exec: Exec;
  readonly mirrors: Mirrors;
  readonly step: Step;
}

const key = (deb: { name: string; version: string; arch: string }): string =>
  `${deb.name}:${deb.arch}=${deb.version}`;

/** apt's own words for what it cannot do, without its prefixes. */
function explain(set: DebianSet, suite: string, error: unknown): KilnError {
  const text = error instanceof Error ? error.message : String(error);
  const lines = text.split('\n').filter((l) => /^(E:| [a-z0-9].* : |Err:)/.test(l));
  return new KilnError({
    code: 'unresolvable',
    what: `Debian ${suite} cannot give the packages of ${set.use}`,
    hint: `correct debs in factory.yaml, or images/layers/${set.use}/packages`,
    faults: (lines.length > 0 ? lines : [text]).map((l) => ({
      where: `${set.use} packages`,
      what: l.replace(/^E: /, '').trim(),
    })),
    cause: error,
  });
}

function unreadable(suite: string, error: unknown): KilnError {
  const text = error instanceof Error ? error.message : String(error);
  const faults = [...text.matchAll(/^E: Failed to fetch (\S+) +(.*)$/gm)].map(
    ([, where = '', what = '']) => ({
      where,
      what,
    }),
  );
  return new KilnError({
    code: 'unreachable',
    what: `the Debian archive of ${suite} cannot be read${faults.length > 0 ? '' : `:\n${text}`}`,
    hint: 'check the network, or name another mirror: KILN_MIRROR_DEBIAN=ADDRESS KILN_MIRROR_DEBIAN_SECURITY=ADDRESS kiln lock',
    faults,
    cause: error,
  });
}

/** Every deb of each set with its dependencies, from the signed indices of its sources. */
export async function resolveDebian(
  sources: DebianSources,
  sets: readonly DebianSet[],
  { exec, mirrors, step }: Ports,
): Promise<DebianResult> {
  const { suite, beside } = sources;
  if (!existsSync(KEYRING)) {
    throw new KilnError({
      code: 'missing-tool',
      what: `${KEYRING} is missing: nothing says which Debian index is genuine`,
      hint: 'apt-get install debian-archive-keyring',
    });
  }
  const bases = {
    debian: await mirrors.base('debian'),
    'debian-security': await mirrors.base('debian-security'),
  };
  const folder = await mkdtemp(join(tmpdir(), 'kiln-apt-'));
  try {
    for (const sub of ['state/lists/partial', 'cache/archives/partial', 'none']) {
      mkdirSync(join(folder, sub), { recursive: true });
    }
    const dump = await exec.run('apt-config', ['dump']);
    writeFileSync(join(folder, 'status'), '');
    writeFileSync(join(folder, 'sources.list'), sourcesList(sources, bases, KEYRING));
    writeFileSync(join(folder, 'preferences'), preferences(sources));
    writeFileSync(join(folder, 'apt.conf'), aptConfig(folder, dump.stdout));
    const env = { APT_CONFIG: join(folder, 'apt.conf'), LC_ALL: 'C.UTF-8' };

    const besides = beside === undefined ? '' : `, and that of ${beside.suite} for ${beside.package}`;
    step(`debian: reading the signed index of ${suite}, its updates and its security archive${besides}`);
    await exec.run('apt-get', ['update', '-q'], { env }).catch((error: unknown) => {
      throw unreadable(suite, error);
    });
    const lists = join(folder, 'state/lists');
    const releases = readdirSync(lists)
      .filter((file) => /(In)?Release$/.test(file))
      .map((file) => ({ file, text: readFileSync(join(lists, file), 'utf8') }));
    const epoch = Math.max(...releases.map(({ text }) => releaseDate(text)));
    for (const { file, text } of releases) {
      const expired = expiredOn(text, new Date());
      if (expired !== undefined && beside !== undefined && file.includes(`_dists_${beside.suite}_`))
        step(
          `debian: the index of ${beside.suite} was valid until ${expired}; it is accepted for ${beside.package} alone`,
        );
    }

    const inputs: DebianInput[] = [];
    for (const set of sets) {
      const planned = parsePrintUris(
        (
          await exec
            .run(
              'apt-get',
              ['install', '--print-uris', '-y', '-qq', '--no-install-recommends', ...set.names],
              {
                env,
              },
            )
            .catch((error: unknown) => {
              throw explain(set, suite, error);
            })
        ).stdout,
      );
      refuseOtherNames(set.own ?? [], planned, suite);
      const shown = await exec.run('apt-cache', ['show', ...planned.map(key)], { env });
      const kept = set.alone === true ? planned.filter(({ name }) => set.names.includes(name)) : planned;
      inputs.push(...pinned(set.use, kept, parseShow(shown.stdout), bases));
      step(`debian: ${set.use}: ${String(kept.length)} packages`);
    }
    return { inputs, epoch };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The plan's choice, the index's checksum. */
function pinned(
  use: Use,
  planned: readonly PlannedDeb[],
  indexed: readonly IndexedDeb[],
  bases: Readonly<Record<DebianInput['archive'], string>>,
): DebianInput[] {
  return planned.map((deb) => {
    const archive = deb.uri.startsWith(`${bases['debian-security']}/`) ? 'debian-security' : 'debian';
    // The same version may be in both archives: the path tells which stanza the plan means.
    const path = decodeURIComponent(deb.uri.slice(bases[archive].length + 1));
    const found = indexed.find((i) => key(i) === key(deb) && decodeURIComponent(i.path) === path);
    if (found === undefined) throw new Error(`apt planned ${deb.uri}, which its index does not show`);
    const { name, version, arch, size, sha256 } = found;
    if (arch !== 'amd64' && arch !== 'all') throw new Error(`${name} is for ${arch}`);
    return { use, source: 'debian', name, version, arch, archive, path: found.path, size, sha256 };
  });
}
