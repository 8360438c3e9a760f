import { existsSync, readFileSync, readdirSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { XMLParser } from 'fast-xml-parser';
import { z } from 'zod';
import { KilnError } from '../../errors';
import type { Exec } from '../machine/exec';
import type { Mirrors, Registry } from './mirrors';

const VARIABLES: Readonly<Record<Registry, string>> = {
  debian: 'KILN_MIRROR_DEBIAN',
  'debian-security': 'KILN_MIRROR_DEBIAN_SECURITY',
  pypi: 'KILN_MIRROR_PYPI',
  maven: 'KILN_MIRROR_MAVEN',
};

const trimmed = (url: string): string => url.trim().replace(/\/+$/, '');

const noMirror = (registry: Registry, why: string, cause?: unknown): KilnError =>
  new KilnError({
    code: 'no-mirror',
    what: `no mirror known for ${registry}: ${why}`,
    hint: `name one: ${VARIABLES[registry]}=ADDRESS kiln …`,
    cause,
  });

/**
 * Picks an archive's address out of `$(LABEL)|$(REPO_URI)` lines of `apt-get indextargets`. The label
 * is empty until apt's lists are there; then the path tells.
 */
export function pickArchive(lines: string, archive: 'debian' | 'debian-security'): string | undefined {
  const label = archive === 'debian' ? 'Debian' : 'Debian-Security';
  const rows = lines
    .split('\n')
    .map((line) => line.split('|'))
    .flatMap(([name, uri]) =>
      uri !== undefined && /^https?:/.test(uri) ? [{ name, uri: trimmed(uri) }] : [],
    );
  const hit = rows.find((row) => row.name === label) ?? rows.find((row) => row.uri.endsWith(`/${archive}`));
  return hit?.uri;
}

/** pip's precedence: environment, then the user's and the site's files, which `pip config list` merges. */
export function pickIndex(configList: string): string | undefined {
  for (const key of [':env:.index-url', 'install.index-url', 'global.index-url']) {
    const line = configList.split('\n').find((l) => l.startsWith(`${key}=`));
    const value = line?.slice(key.length + 1).replace(/^'|'$/g, '');
    if (value !== undefined && value !== '') return trimmed(value);
  }
  return undefined;
}

const one = <T extends z.ZodType>(item: T) => z.union([z.array(item), item.transform((value) => [value])]);

const Settings = z.object({
  settings: z.object({
    mirrors: z
      .object({ mirror: one(z.object({ mirrorOf: z.string(), url: z.string() })).optional() })
      .or(z.literal('').transform(() => ({ mirror: undefined })))
      .optional(),
  }),
});
const SuperPom = z.object({
  project: z.object({
    repositories: z.object({ repository: one(z.object({ id: z.string(), url: z.string() })) }),
  }),
});

/** The mirror of `central` that a Maven settings.xml names, if it names one. */
export function pickMavenMirror(settingsXml: string): string | undefined {
  const parsed = Settings.safeParse(new XMLParser().parse(settingsXml));
  if (!parsed.success) return undefined;
  const hit = parsed.data.settings.mirrors?.mirror?.find((mirror) => {
    const of = mirror.mirrorOf.split(',').map((part) => part.trim());
    return !of.includes('!central') && ['*', 'central', 'external:*'].some((name) => of.includes(name));
  });
  return hit === undefined ? undefined : trimmed(hit.url);
}

/** Where Maven's own default repository is written down: the super POM in its model builder. */
function modelBuilders(env: NodeJS.ProcessEnv): string[] {
  const onPath = (env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'mvn'))
    .filter((file) => existsSync(file))
    .map((file) => join(dirname(dirname(realpathSync(file))), 'lib'));
  const home = env['MAVEN_HOME'] === undefined ? [] : [join(env['MAVEN_HOME'], 'lib')];
  return [...home, ...onPath, '/usr/share/java']
    .filter((folder) => existsSync(folder))
    .flatMap((folder) =>
      readdirSync(folder)
        .filter((file) => /^maven-model-builder.*\.jar$/.test(file))
        .map((file) => join(folder, file)),
    );
}

async function askMaven(exec: Exec, env: NodeJS.ProcessEnv): Promise<string> {
  const settings = join(env['HOME'] ?? homedir(), '.m2', 'settings.xml');
  if (existsSync(settings)) {
    const mirror = pickMavenMirror(readFileSync(settings, 'utf8'));
    if (mirror !== undefined) return mirror;
  }
  const [jar] = modelBuilders(env);
  if (jar === undefined) {
    throw noMirror(
      'maven',
      'Maven is not installed (apt-get install libmaven3-core-java) and ~/.m2/settings.xml names no mirror',
    );
  }
  const read = 'import sys,zipfile;print(zipfile.ZipFile(sys.argv[1]).read(sys.argv[2]).decode())';
  const pom = await exec.run('python3', ['-c', read, jar, 'org/apache/maven/model/pom-4.0.0.xml']);
  const parsed = SuperPom.parse(new XMLParser().parse(pom.stdout));
  const central = parsed.project.repositories.repository.find((r) => r.id === 'central');
  if (central === undefined) throw noMirror('maven', `${jar} names no central repository`);
  return trimmed(central.url);
}

async function askApt(
  targets: () => Promise<string>,
  archive: 'debian' | 'debian-security',
): Promise<string> {
  const lines = await targets();
  const hit = pickArchive(lines, archive);
  if (hit !== undefined) return hit;
  // A machine set up without the security archive: mirrors keep both side by side.
  const main = archive === 'debian-security' ? pickArchive(lines, 'debian') : undefined;
  if (main?.endsWith('/debian') === true) return `${main}-security`;
  throw noMirror(archive, "apt's sources name no http mirror of it");
}

async function askPip(exec: Exec): Promise<string> {
  try {
    const list = await exec.run('python3', ['-m', 'pip', 'config', 'list']);
    const configured = pickIndex(list.stdout);
    if (configured !== undefined) return configured;
    const own = 'from pip._internal.models.index import PyPI; print(PyPI.simple_url)';
    return trimmed((await exec.run('python3', ['-c', own])).stdout);
  } catch (error) {
    throw noMirror('pypi', 'pip could not be asked (apt-get install python3-pip)', error);
  }
}

/** Asks each client once, and only when its registry is needed. */
export function hostMirrors(exec: Exec, env: NodeJS.ProcessEnv = process.env): Mirrors {
  const known = new Map<Registry, Promise<string>>();
  let lines: Promise<string> | undefined;
  /** Both archives are in one answer. */
  const targets = (): Promise<string> =>
    (lines ??= exec
      .run('apt-get', ['indextargets', '--format', '$(LABEL)|$(REPO_URI)'])
      .then(({ stdout }) => stdout));
  const ask = (registry: Registry): Promise<string> => {
    const named = env[VARIABLES[registry]];
    if (named !== undefined && named !== '') return Promise.resolve(trimmed(named));
    switch (registry) {
      case 'debian':
      case 'debian-security':
        return askApt(targets, registry);
      case 'pypi':
        return askPip(exec);
      case 'maven':
        return askMaven(exec, env);
    }
  };
  return {
    base(registry) {
      const hit = known.get(registry) ?? ask(registry);
      known.set(registry, hit);
      return hit;
    },
  };
}
