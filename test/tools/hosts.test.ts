import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hostExec } from '../../factory/ports/machine/exec-host';
import { hostMirrors } from '../../factory/ports/inputs/mirrors-host';

const home = join(__dirname, '..', '..');
const said = (program: string, ...args: string[]): string =>
  execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });

/** The hosts that this machine's package clients ask, as they tell them themselves. */
async function registryHosts(): Promise<Set<string>> {
  const mirrors = hostMirrors(hostExec);
  const bases = await Promise.all(
    (['debian', 'debian-security', 'pypi', 'maven'] as const).map((registry) => mirrors.base(registry)),
  );
  const files = 'from pip._internal.models.index import PyPI; print("https://" + PyPI.file_storage_domain)';
  const others = [
    said('npm', 'config', 'get', 'registry'),
    said('go', 'env', 'GOPROXY'),
    said('python3', '-c', files),
  ];
  const addresses = [...bases, ...others].flatMap((text) => text.match(/https?:\/\/[^\s,|]+/g) ?? []);
  return new Set(addresses.map((address) => new URL(address).hostname));
}

test('no file of the tree names the host of a package registry', async () => {
  const hosts = await registryHosts();
  expect(hosts.size).toBeGreaterThanOrEqual(5);
  const found = [...hosts].flatMap((host) => {
    try {
      return said('git', '-C', home, 'grep', '--untracked', '-nF', host).trimEnd().split('\n');
    } catch {
      return [];
    }
  });
  expect(found).toEqual([]);
});
