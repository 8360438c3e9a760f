import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import type { Input } from '../../../factory/contracts/lock';
import { KilnError } from '../../../factory/errors';
import type { Http } from '../../../factory/ports/inputs/http';
import { FakeHttp, type FakeAnswer } from '../../../factory/ports/inputs/http-fake';
import { BucketInputs } from '../../../factory/ports/inputs/kept-inputs-bucket';
import { DirectoryInputs } from '../../../factory/ports/inputs/kept-inputs-directory';
import { FakeObjectStore } from '../../../factory/ports/objects/object-store-fake';
import { snapshotUrl } from '../../../factory/vault/locate';
import { HttpSource, KeptSource, type Source } from '../../../factory/vault/sources';
import { projectOf, refusal } from '../spec/support';
import { deb, jar, plant, sha256, vaultOf } from './support';

const EPOCH = Date.UTC(2026, 10, 22, 3, 4, 5) / 1000;
const url = (input: Input): string => `http://mirror/${input.source}/${input.name}`;
const archived = 'https://archive/debian/20261122T150405Z/pool/main/libc6_2.41+x~1_amd64.deb';

const mirror = (http: Http): Source =>
  new HttpSource('the mirror', http, (input) => Promise.resolve(url(input)));
const archive = (http: Http): Source =>
  new HttpSource('the archive', http, (input) =>
    Promise.resolve(snapshotUrl(input, EPOCH, 'https://archive')),
  );
const silent: Http = {
  request: (address) =>
    Promise.reject(new KilnError({ code: 'unreachable', what: `${new URL(address).host} does not answer` })),
};

test("Debian's archive is asked for the lock's time by a path that names no mirror; other registries have none", () => {
  expect(snapshotUrl(deb('deb'), EPOCH, 'https://archive')).toBe(archived);
  expect(snapshotUrl(deb('deb'), EPOCH)).toMatch(/\/archive\/debian\/20261122T150405Z\/pool\/main\//);
  expect(snapshotUrl(jar('a', 'a'), EPOCH)).toBeUndefined();
});

describe('a pin that its mirror dropped', () => {
  const input = deb('deb');
  const gone: Readonly<Record<string, FakeAnswer>> = { [url(input)]: { status: 404 } };

  it('comes from the registry, and where it came from is told', async () => {
    const { root } = projectOf();
    plant(join(root, 'kept'), input.sha256, 'deb');
    const http = new FakeHttp(gone);
    const kept = new DirectoryInputs(join(root, 'kept'));
    const vault = vaultOf(root, [mirror(http), new KeptSource(kept), archive(http)]);
    await vault.findGone([input]);
    const told: string[] = [];
    await vault.ensure([input], { onFallback: (_, from) => told.push(from) });
    expect(told).toEqual([`the registry (${kept.where})`]);
    expect(readFileSync(vault.path(input.sha256), 'utf8')).toBe('deb');
    expect(http.seen).toEqual([`HEAD ${url(input)}`, `GET ${url(input)}`]);
  });

  it("comes from the suite's archive when the registry never had it", async () => {
    const { root } = projectOf();
    const http = new FakeHttp({ ...gone, [archived]: { body: 'deb' } });
    const vault = vaultOf(root, [
      mirror(http),
      new KeptSource(new BucketInputs(new FakeObjectStore(), 's3://kept')),
      archive(http),
    ]);
    const told: string[] = [];
    await vault.ensure([input], { onFallback: (_, from) => told.push(from) });
    expect(told).toEqual([`the archive (${archived})`]);
  });

  it('is gone when none of them has it', async () => {
    const { root } = projectOf();
    const http = new FakeHttp({ ...gone, [archived]: { status: 404 } });
    const vault = vaultOf(root, [mirror(http), archive(http)]);
    for (const call of [() => vault.findGone([input]), () => vault.ensure([input])])
      expect(await refusal(call)).toMatchObject({ code: 'pins-gone', exitCode: 1 });
  });

  it('is refused when what the registry kept is damaged, and nothing of it stays', async () => {
    const { root } = projectOf();
    plant(join(root, 'kept'), input.sha256, 'DEB');
    const kept = new KeptSource(new DirectoryInputs(join(root, 'kept')));
    const vault = vaultOf(root, [mirror(new FakeHttp(gone)), kept]);
    expect(await refusal(() => vault.ensure([input]))).toMatchObject({ code: 'wrong-content' });
    expect(vault.missing([input])).toEqual([input]);
  });
});

describe('a mirror that does not answer', () => {
  it('is asked once, and the registry has the rest', async () => {
    const { root } = projectOf();
    const bucket = new FakeObjectStore();
    const kept = new BucketInputs(bucket, 's3://kept');
    const inputs = ['a', 'b', 'c'].map((name) => jar(name, name));
    for (const { sha256: name } of inputs)
      await bucket.put(
        `inputs/${name.slice(0, 2)}/${name}`,
        Buffer.from(inputs.find((i) => i.sha256 === name)?.name.slice(-1) ?? ''),
      );
    let asked = 0;
    const counted: Http = {
      request(address, options) {
        asked += 1;
        return silent.request(address, options);
      },
    };
    const vault = vaultOf(root, [mirror(counted), new KeptSource(kept)]);
    await vault.ensure(inputs, { parallel: 1 });
    expect(vault.missing(inputs)).toEqual([]);
    expect(asked).toBe(1);
  });

  it('is named when nobody else has it either: that is not the same as gone', async () => {
    const { root } = projectOf();
    const vault = vaultOf(root, [mirror(silent)]);
    expect(await refusal(() => vault.findGone([jar('a', 'a')]))).toMatchObject({ code: 'unreachable' });
  });
});

describe('offline', () => {
  it("opens no connection, and takes what the registry's folder keeps", async () => {
    const { root } = projectOf();
    const here = jar('here', 'here');
    const kept = jar('kept', 'kept');
    mkdirSync(join(root, 'kept'));
    plant(join(root, 'vault'), here.sha256, 'here');
    plant(join(root, 'kept'), kept.sha256, 'kept');
    const untouched = new FakeHttp({});
    const places = [
      mirror(untouched),
      new KeptSource(new BucketInputs(new FakeObjectStore(), 's3://kept')),
      new KeptSource(new DirectoryInputs(join(root, 'kept'))),
    ].filter((place) => !place.remote);
    const vault = vaultOf(root, places, true);
    await vault.findGone([here, kept]);
    await vault.ensure([here, kept]);
    expect(sha256(readFileSync(vault.path(kept.sha256)))).toBe(kept.sha256);
    const error = await refusal(() => vault.ensure([jar('lost', 'lost')]));
    expect(error).toMatchObject({ code: 'offline', faults: [{ where: 'maven org.example:lost 1.0' }] });
    expect(untouched.seen).toEqual([]);
  });
});
