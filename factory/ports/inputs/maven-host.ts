import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { KilnError } from '../../errors';
import type { Exec } from '../machine/exec';
import type { Maven, MavenNode, MavenRequest } from './maven';

const TREE = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:tree';
/** Milliseconds; on a slow line the first run downloads Maven's plugin and every pom. */
const TIMEOUT = 600_000;

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const element = (name: string, text: string): string => `<${name}>${escaped(text)}</${name}>`;

function dependency({ group, artifact, version, classifier, exclude }: MavenRequest): string {
  const exclusions = exclude.map((pattern) => {
    const [g = '', a = ''] = pattern.split(':');
    return `<exclusion>${element('groupId', g)}${element('artifactId', a)}</exclusion>`;
  });
  return [
    `<dependency>${element('groupId', group)}${element('artifactId', artifact)}${element('version', version)}`,
    classifier === undefined ? '' : element('classifier', classifier),
    `<exclusions>${exclusions.join('')}</exclusions></dependency>`,
  ].join('');
}

/** A project of nothing but those dependencies. */
export const pomOf = (requests: readonly MavenRequest[]): string =>
  [
    '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>',
    '<groupId>kiln</groupId><artifactId>jars</artifactId><version>1</version><packaging>pom</packaging>',
    `<dependencies>${requests.map(dependency).join('\n')}</dependencies></project>\n`,
  ].join('\n');

/** Every repository is that one, whatever poms name: the lock's paths are relative to it. */
const settingsOf = (base: string, repository: string): string =>
  `<settings>${element('localRepository', repository)}<mirrors><mirror><id>kiln</id><mirrorOf>*</mirrorOf>${element('url', base)}</mirror></mirrors></settings>\n`;

const Node: z.ZodType<MavenNode> = z.lazy(() =>
  z
    .object({
      groupId: z.string(),
      artifactId: z.string(),
      version: z.string(),
      type: z.string(),
      classifier: z.string(),
      children: z.array(Node).default([]),
    })
    .transform(({ groupId, artifactId, version, type, classifier, children }) => ({
      group: groupId,
      artifact: artifactId,
      version,
      type,
      classifier: classifier === '' ? undefined : classifier,
      children,
    })),
);

/** What Maven says of an artifact that it cannot have. */
const MISSING =
  /(?:Could not (?:find|transfer) artifact|Failure to find|Failed to read artifact descriptor for) ([\w.-]+(?::[\w.-]+)+)/;

function whyNot(error: unknown): unknown {
  if (!(error instanceof KilnError) || error.code !== 'command-failed') return error;
  const missing = MISSING.exec(error.message)?.[1];
  return new KilnError({
    code: 'unresolvable',
    what:
      missing === undefined
        ? `Maven cannot resolve the jars of factory.yaml: maven: ${error.message}`
        : `Maven cannot resolve ${missing}, which a jar of factory.yaml: maven depends on`,
    hint: 'correct the coordinates, exclude what is not there, or name another repository: KILN_MIRROR_MAVEN=ADDRESS kiln lock',
    cause: error,
  });
}

/** Apache Maven of a folder, run by this machine's Java. */
export function hostMaven(places: {
  /** Where the distribution is unpacked; asked for only when Maven has to run. */
  readonly home: () => Promise<string>;
  /** The repository. */
  readonly base: () => Promise<string>;
  /** The local repository: poms and Maven's plugins, kept from one run to the next. */
  readonly repository: string;
  readonly exec: Exec;
  readonly env?: NodeJS.ProcessEnv;
}): Maven {
  const { exec, repository, env = process.env } = places;
  const java = (): string => {
    const own = join(env['JAVA_HOME'] ?? '', 'bin', 'java');
    return env['JAVA_HOME'] !== undefined && existsSync(own) ? own : 'java';
  };
  return {
    async tree(requests) {
      if (requests.length === 0) return [];
      const [home, base] = await Promise.all([places.home(), places.base()]);
      const [classworlds] = readdirSync(join(home, 'boot')).filter((name) => name.endsWith('.jar'));
      const work = await mkdtemp(join(tmpdir(), 'kiln-maven-'));
      const [settings, pom, tree] = ['settings.xml', 'pom.xml', 'tree.json'].map((name) =>
        join(work, name),
      ) as [string, string, string];
      try {
        mkdirSync(repository, { recursive: true });
        writeFileSync(settings, settingsOf(base, repository), { mode: 0o600 });
        writeFileSync(pom, pomOf(requests));
        await exec.run(
          java(),
          [
            ...['-classpath', join(home, 'boot', classworlds ?? '')],
            `-Dclassworlds.conf=${join(home, 'bin', 'm2.conf')}`,
            `-Dmaven.home=${home}`,
            `-Dmaven.multiModuleProjectDirectory=${work}`,
            ...['-XX:TieredStopAtLevel=1', 'org.codehaus.plexus.classworlds.launcher.Launcher'],
            ...['--batch-mode', '--quiet', '--update-snapshots', '--strict-checksums'],
            ...['--settings', settings, '--global-settings', settings, '--file', pom],
            ...['-Dstyle.color=never', TREE, '-DoutputType=json', `-DoutputFile=${tree}`],
          ],
          { cwd: work, timeout: TIMEOUT },
        );
        return Node.parse(JSON.parse(readFileSync(tree, 'utf8'))).children;
      } catch (error) {
        throw whyNot(error);
      } finally {
        await rm(work, { recursive: true, force: true });
      }
    },
  };
}
