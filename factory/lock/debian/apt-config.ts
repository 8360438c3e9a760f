/** Where the debs of an image come from. */
export interface DebianSources {
  /** A stable suite. */
  readonly suite: string;
  /** A suite without updates and security archive, for one package that the stable one does not have. */
  readonly beside?: { readonly suite: string; readonly package: string };
}

/** One suite of an archive, as apt's sources name it. */
export interface Pocket {
  readonly archive: 'debian' | 'debian-security';
  readonly suite: string;
  /** The one package that may come from it. */
  readonly only?: string;
}

/** A stable suite, its updates, and its security archive; last the suite beside them. */
export const pockets = ({ suite, beside }: DebianSources): readonly Pocket[] => [
  { archive: 'debian', suite },
  { archive: 'debian', suite: `${suite}-updates` },
  { archive: 'debian-security', suite: `${suite}-security` },
  ...(beside === undefined
    ? []
    : [{ archive: 'debian' as const, suite: beside.suite, only: beside.package }]),
];

/**
 * The Release files of a suite that never freezes are valid for a week, which a mirror that lags exceeds: for such a
 * suite alone the date is not checked. The signature is.
 */
export function sourcesList(
  sources: DebianSources,
  bases: Readonly<Record<Pocket['archive'], string>>,
  keyring: string,
): string {
  return pockets(sources)
    .map(({ archive, suite, only }) => {
      const options = `arch=amd64 signed-by=${keyring}${only === undefined ? '' : ' check-valid-until=no'}`;
      return `deb [${options}] ${bases[archive]} ${suite} main\n`;
    })
    .join('');
}

/** apt's preferences: what is beside the stable suite gives its one package, and never another. */
export function preferences(sources: DebianSources): string {
  return pockets(sources)
    .flatMap(({ suite, only }) =>
      only === undefined ? [] : [pin('*', suite, NEVER), pin(only, suite, AS_USUAL)],
    )
    .join('\n');
}

/** Priorities of apt_preferences(5): below 0 a version is never installed; 500 is what a source has by default. */
const NEVER = -1;
const AS_USUAL = 500;

const pin = (name: string, suite: string, priority: number): string =>
  `Package: ${name}\nPin: release n=${suite}\nPin-Priority: ${String(priority)}\n`;

/**
 * A configuration under which apt knows nothing of this machine: its own lists, cache, sources and an
 * empty set of installed packages, no hooks, no preferences.
 * @param dump of `apt-config dump`: how this machine reaches mirrors (proxies, certificates, time-outs) is kept.
 */
export function aptConfig(folder: string, dump: string): string {
  const reach = dump.split('\n').filter((line) => /^Acquire::(https?|Retries|Check-|Max-)/i.test(line));
  return [
    `Dir::State "${folder}/state";`,
    `Dir::State::status "${folder}/status";`,
    `Dir::Cache "${folder}/cache";`,
    'Dir::Etc::main "/dev/null";',
    `Dir::Etc::parts "${folder}/none";`,
    `Dir::Etc::sourcelist "${folder}/sources.list";`,
    'Dir::Etc::sourceparts "/dev/null";',
    `Dir::Etc::preferences "${folder}/preferences";`,
    'Dir::Etc::preferencesparts "/dev/null";',
    'Dir::Etc::trusted "/dev/null";',
    'Dir::Etc::trustedparts "/dev/null";',
    'APT::Architecture "amd64";',
    'APT::Architectures { "amd64"; };',
    'APT::Sandbox::User "root";',
    'APT::Update::Error-Mode "any";',
    'Acquire::Languages "none";',
    // apt counts itself as essential unless told otherwise; an image that nobody installs into needs none.
    'pkgCacheGen::ForceEssential ",";',
    ...reach,
    '',
  ].join('\n');
}
