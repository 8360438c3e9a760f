import { mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fileName, type Input } from '../../../factory/contracts/lock';
import { openChannels } from '../../../factory/ports/inputs/channels';
import { hostHttp } from '../../../factory/ports/inputs/http-host';
import { FakeMirrors } from '../../../factory/ports/inputs/mirrors-fake';
import type { FetchProgress } from '../../../factory/progress';
import type { ContentVault } from '../../../factory/vault/content-vault';
import { Locator } from '../../../factory/vault/locate';
import { HttpSource } from '../../../factory/vault/sources';
import { projectOf, refusal } from '../spec/support';
import { registryOf } from './registry';
import { deb, jar, plant, sha256, vaultOf } from './support';

function vaultAt(folder: string, url: string, options: { offline?: boolean } = {}): ContentVault {
  const channels = openChannels(folder, { example: 'channel' });
  const locator = new Locator(
    hostHttp,
    new FakeMirrors({ maven: url, debian: url, pypi: `${url}/simple` }),
    channels,
  );
  const mirror = new HttpSource('the mirror', hostHttp, (input) => locator.url(input));
  return vaultOf(folder, options.offline === true ? [] : [mirror], options.offline, channels);
}

/** Every file in the vault but the lock. */
const kept = (folder: string): string[] =>
  readdirSync(join(folder, 'vault'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== 'lock')
    .map((entry) => entry.name);

describe('ensure', () => {
  it('fetches what is missing, once, whatever its source', async () => {
    const { root } = projectOf({
      'channel/noarch/repodata.json': '{}',
      'channel/noarch/p-1-0.conda': 'conda',
    });
    const wheel = `sha256-of-no-interest`;
    const index = {
      files: [
        {
          filename: 'w-1-py3-none-any.whl',
          url: '../../w.whl',
          size: wheel.length,
          hashes: { sha256: sha256(wheel) },
        },
      ],
    };
    const registry = await registryOf({
      '/org/example/a-1.0.jar': 'jar a',
      '/pool/main/libc6_2.41+x~1_amd64.deb': 'deb',
      '/simple/w/': JSON.stringify(index),
      '/w.whl': wheel,
    });
    const inputs: Input[] = [
      jar('a', 'jar a'),
      deb('deb'),
      {
        use: 'code',
        source: 'pypi',
        name: 'w',
        version: '1',
        file: 'w-1-py3-none-any.whl',
        size: wheel.length,
        sha256: sha256(wheel),
      },
      {
        use: 'conda',
        source: 'conda',
        name: 'p',
        version: '1',
        build: '0',
        channel: 'example',
        subdir: 'noarch',
        file: 'p-1-0.conda',
        size: 5,
        sha256: sha256('conda'),
      },
    ];
    const vault = vaultAt(root, registry.url);
    expect(vault.missing(inputs)).toHaveLength(4);
    const reports: FetchProgress[] = [];
    await vault.ensure(inputs, { onProgress: (p) => reports.push(p) });
    expect(inputs.map((i) => readFileSync(vault.path(i.sha256), 'utf8'))).toEqual([
      'jar a',
      'deb',
      wheel,
      'conda',
    ]);
    const all = 5 + 3 + wheel.length + 5;
    expect(reports.at(-1)).toMatchObject({ done: 4, total: 4, bytes: all, totalBytes: all });

    const asked = registry.seen.length;
    await vault.ensure(inputs);
    await vaultAt(root, registry.url).ensure(inputs);
    expect(registry.seen).toHaveLength(asked);

    await vault.place(inputs, join(root, 'inputs'));
    expect(readdirSync(join(root, 'inputs')).sort()).toEqual([
      'a-1.0.jar',
      'libc6_2.41+x~1_amd64.deb',
      'p-1-0.conda',
      'w-1-py3-none-any.whl',
    ]);
    await vault.close();
  });

  it('places nothing over what is there, be it a link to another file of the vault', async () => {
    const { root } = projectOf();
    const input = jar('a', 'jar a');
    const other = jar('b', 'jar b');
    const vault = vaultAt(root, 'http://127.0.0.1:1');
    for (const [{ sha256: name }, text] of [
      [input, 'jar a'],
      [other, 'jar b'],
    ] as const)
      plant(join(root, 'vault'), name, text);
    mkdirSync(join(root, 'inputs'));
    symlinkSync(vault.path(other.sha256), join(root, 'inputs', fileName(input)));
    await expect(vault.place([input], join(root, 'inputs'))).rejects.toThrow('EEXIST');
    expect(readFileSync(vault.path(other.sha256), 'utf8')).toBe('jar b');
    await vault.close();
  });

  it.each([
    ['other bytes of the same size', 'JAR A', `sha256 ${sha256('JAR A')}`],
    ['fewer bytes', 'jar', '3 bytes, expected 5'],
    ['more bytes', 'jar a and more', 'more than the 5 bytes expected'],
  ])('refuses %s, names expected and got, and keeps nothing', async (_, served, got) => {
    const { root } = projectOf();
    const registry = await registryOf({ '/org/example/a-1.0.jar': served });
    const error = await refusal(() => vaultAt(root, registry.url).ensure([jar('a', 'jar a')]));
    expect(error.code).toBe('wrong-content');
    expect(error.message).toContain('maven org.example:a 1.0: a-1.0.jar');
    expect(error.message).toContain(got);
    expect(kept(root)).toEqual([]);
  });

  it('tries again when the connection breaks in the middle', async () => {
    const { root } = projectOf();
    let tries = 0;
    const registry = await registryOf({
      '/org/example/a-1.0.jar': (_, response) => {
        tries += 1;
        response.writeHead(200, { 'content-length': 5 });
        if (tries < 3) response.write('ja', () => response.destroy());
        else response.end('jar a');
      },
    });
    const vault = vaultAt(root, registry.url);
    await vault.ensure([jar('a', 'jar a')]);
    expect(tries).toBe(3);
    expect(readFileSync(vault.path(sha256('jar a')), 'utf8')).toBe('jar a');
  });

  it('gives up when it always breaks, and keeps nothing', async () => {
    const { root } = projectOf();
    const registry = await registryOf({
      '/org/example/a-1.0.jar': (_, response) => {
        response.writeHead(200, { 'content-length': 5 });
        response.write('ja', () => response.destroy());
      },
    });
    const error = await refusal(() => vaultAt(root, registry.url).ensure([jar('a', 'jar a')]));
    expect(error).toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('the connection broke') as string,
    });
    expect(kept(root)).toEqual([]);
  });

  it('names the registry that does not answer', async () => {
    const { root } = projectOf();
    const error = await refusal(() => vaultAt(root, 'http://127.0.0.1:9').ensure([jar('a', 'jar a')]));
    expect(error).toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('127.0.0.1:9 does not answer') as string,
    });
  });

  it('fetches a file again that changed in the vault', async () => {
    const { root } = projectOf();
    const registry = await registryOf({ '/org/example/a-1.0.jar': 'jar a' });
    const input = jar('a', 'jar a');
    const spoiled = vaultAt(root, registry.url).path(input.sha256);
    mkdirSync(dirname(spoiled), { recursive: true });
    writeFileSync(spoiled, 'jar b');
    await vaultAt(root, registry.url).ensure([input]);
    expect(readFileSync(spoiled, 'utf8')).toBe('jar a');
  });

  it('downloads once when two do it at the same time', async () => {
    const { root } = projectOf();
    const registry = await registryOf({
      '/org/example/a-1.0.jar': 'jar a',
      '/org/example/b-1.0.jar': 'jar b',
    });
    const inputs = [jar('a', 'jar a'), jar('b', 'jar b')];
    await Promise.all([
      vaultAt(root, registry.url).ensure(inputs),
      vaultAt(root, registry.url).ensure([...inputs].reverse()),
    ]);
    expect([...registry.seen].sort()).toEqual(['GET /org/example/a-1.0.jar', 'GET /org/example/b-1.0.jar']);
  });

  it('removes what a killed download left', async () => {
    const { root } = projectOf({ 'vault/tmp/half': 'half' });
    const registry = await registryOf({ '/org/example/a-1.0.jar': 'jar a' });
    await vaultAt(root, registry.url).ensure([jar('a', 'jar a')]);
    expect(kept(root)).toEqual([sha256('jar a')]);
  });

  it('offline, asks nobody and names what is missing', async () => {
    const { root } = projectOf();
    const registry = await registryOf({});
    const error = await refusal(() =>
      vaultAt(root, registry.url, { offline: true }).ensure([jar('a', 'jar a')]),
    );
    expect(error).toMatchObject({
      code: 'offline',
      hint: expect.stringContaining('kiln vault fetch') as string,
    });
    expect(registry.seen).toEqual([]);
  });

  it('says how to make a local channel that is not there', async () => {
    const { root } = projectOf();
    const input: Input = {
      use: 'conda',
      source: 'conda',
      name: 'p',
      version: '1',
      build: '0',
      channel: 'example',
      subdir: 'noarch',
      file: 'p-1-0.conda',
      size: 5,
      sha256: sha256('conda'),
    };
    const error = await refusal(() => vaultAt(root, 'http://127.0.0.1:9').ensure([input]));
    expect(error).toMatchObject({
      code: 'no-channel',
      hint: expect.stringContaining('tools/conda-channel/make') as string,
    });
  });
});

describe('findGone', () => {
  it('lists every pin that no mirror serves, without downloading any', async () => {
    const { root } = projectOf();
    const registry = await registryOf({ '/org/example/a-1.0.jar': 'jar a', '/simple/w/': '{"files": []}' });
    const wheel: Input = {
      use: 'code',
      source: 'pypi',
      name: 'w',
      version: '1',
      file: 'w-1-py3-none-any.whl',
      size: 1,
      sha256: sha256('w'),
    };
    const inputs = [jar('a', 'jar a'), jar('b', 'jar b'), deb('deb'), wheel];
    const error = await refusal(() => vaultAt(root, registry.url).findGone(inputs));
    expect(error).toMatchObject({
      code: 'pins-gone',
      exitCode: 1,
      hint: 'lock what the mirrors have now: kiln lock --refresh',
    });
    expect(error.faults.map((f) => f.where)).toEqual([
      'maven org.example:b 1.0',
      'debian libc6 1:2.41+x~1',
      'pypi w 1',
    ]);
    expect(registry.seen.filter((line) => line.startsWith('GET'))).toEqual(['GET /simple/w/']);
  });

  it('asks nothing about what is here', async () => {
    const { root } = projectOf();
    const registry = await registryOf({ '/org/example/a-1.0.jar': 'jar a' });
    const vault = vaultAt(root, registry.url);
    await vault.ensure([jar('a', 'jar a')]);
    await vault.findGone([jar('a', 'jar a')]);
    expect(registry.seen).toEqual(['GET /org/example/a-1.0.jar']);
  });
});
