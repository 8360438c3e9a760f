/** One suite of an archive, as apt's sources name it. */
export interface Pocket {
  readonly archive: 'debian' | 'debian-security';
  readonly suite: string;
}

/** A stable suite, its updates, and its security archive. */
export const pockets = (suite: string): readonly Pocket[] => [
  { archive: 'debian', suite },
  { archive: 'debian', suite: `${suite}-updates` },
  { archive: 'debian-security', suite: `${suite}-security` },
];

export function sourcesList(
  suite: string,
  bases: Readonly<Record<Pocket['archive'], string>>,
  keyring: string,
): string {
  return pockets(suite)
    .map((p) => `deb [arch=amd64 signed-by=${keyring}] ${bases[p.archive]} ${p.suite} main\n`)
    .join('');
}

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
    'Dir::Etc::preferences "/dev/null";',
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
