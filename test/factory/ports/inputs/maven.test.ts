import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { XMLParser } from 'fast-xml-parser';
import { describe, expect, it, onTestFinished } from 'vitest';
import { KilnError } from '../../../../factory/errors';
import type { MavenRequest } from '../../../../factory/ports/inputs/maven';
import { hostMaven, pomOf } from '../../../../factory/ports/inputs/maven-host';
import type { Exec } from '../../../../factory/ports/machine/exec';
import { refusal } from '../../spec/support';

const request: MavenRequest = {
  ...{ group: 'org.example', artifact: 'udf', version: '1', classifier: 'shaded' },
  exclude: ['org.slf4j:*'],
};

const node = (artifactId: string, children: readonly object[] = []): object => ({
  ...{ groupId: 'org.example', artifactId, version: '1', type: 'jar', scope: 'compile', classifier: '' },
  ...(children.length === 0 ? {} : { children }),
});

/** A Maven of a folder that is not one, run by `run`. */
function mavenOf(run: (args: readonly string[]) => void): ReturnType<typeof hostMaven> {
  const folder = mkdtempSync(join(tmpdir(), 'kiln-test-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true });
  });
  mkdirSync(join(folder, 'boot'));
  writeFileSync(join(folder, 'boot', 'plexus-classworlds-2.8.0.jar'), '');
  const exec: Exec = {
    run(_program, args) {
      run(args);
      return Promise.resolve({ code: 0, stdout: '', stderr: '' });
    },
  };
  return hostMaven({
    exec,
    home: () => Promise.resolve(folder),
    base: () => Promise.resolve('http://corp/maven?a=1&b=<2>'),
    repository: join(folder, 'repository'),
    env: {},
  });
}

const behind = (args: readonly string[], option: string): string => args[args.indexOf(option) + 1] ?? '';

describe('Maven', () => {
  it('resolves a project of the requests from this machine’s repository and no other, and leaves nothing behind', async () => {
    const seen: string[] = [];
    const maven = mavenOf((args) => {
      const settings = behind(args, '--settings');
      seen.push(settings);
      const { settings: read } = new XMLParser().parse(readFileSync(settings, 'utf8')) as {
        settings: { mirrors: { mirror: Record<string, string> } };
      };
      expect(read.mirrors.mirror).toMatchObject({ mirrorOf: '*', url: 'http://corp/maven?a=1&b=<2>' });
      expect(readFileSync(behind(args, '--file'), 'utf8')).toBe(pomOf([request]));
      const tree = args.find((each) => each.startsWith('-DoutputFile='))?.slice('-DoutputFile='.length) ?? '';
      writeFileSync(tree, JSON.stringify(node('jars', [node('udf', [node('storage')])])));
    });
    const common = { group: 'org.example', version: '1', type: 'jar', classifier: undefined };
    expect(await maven.tree([request])).toEqual([
      { ...common, artifact: 'udf', children: [{ ...common, artifact: 'storage', children: [] }] },
    ]);
    expect(seen.map((path) => existsSync(path))).toEqual([false]);
  });

  it('is not started for no jar', async () => {
    const maven = mavenOf(() => {
      throw new Error('it was started');
    });
    expect(await maven.tree([])).toEqual([]);
  });

  it.each([
    '[ERROR] … Could not find artifact org.example:lost:jar:1 in kiln',
    '[ERROR] … Failed to read artifact descriptor for org.example:lost:jar:1: …',
  ])('names the artifact that cannot be had: %s', async (line) => {
    const maven = mavenOf(() => {
      throw new KilnError({ code: 'command-failed', what: `java: exit code 1\n${line}` });
    });
    expect(await refusal(() => maven.tree([request]))).toMatchObject({
      code: 'unresolvable',
      message: 'Maven cannot resolve org.example:lost:jar:1, which a jar of factory.yaml: maven depends on',
    });
  });
});

it('a request becomes a dependency with its classifier and what is left out', () => {
  const { project } = new XMLParser({ parseTagValue: false }).parse(pomOf([request])) as {
    project: { dependencies: { dependency: unknown } };
  };
  expect(project.dependencies.dependency).toEqual({
    ...{ groupId: 'org.example', artifactId: 'udf', version: '1', classifier: 'shaded' },
    exclusions: { exclusion: { groupId: 'org.slf4j', artifactId: '*' } },
  });
});
