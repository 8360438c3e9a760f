import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { DebianInput, Input } from '../../../factory/contracts/lock';
import { openChannels, type Channels } from '../../../factory/ports/inputs/channels';
import { FakeClock } from '../../../factory/ports/machine/clock-fake';
import { ContentStore } from '../../../factory/files/content-store';
import { JudgedFolder } from '../../../factory/vault/inspect/judged';
import { ContentVault } from '../../../factory/vault/content-vault';
import { Sources, type Source } from '../../../factory/vault/sources';

export const sha256 = (content: string | Uint8Array): string =>
  createHash('sha256').update(content).digest('hex');

export const jar = (name: string, text: string | Uint8Array): Input => ({
  use: 'jars',
  source: 'maven',
  name: `org.example:${name}`,
  version: '1.0',
  path: `org/example/${name}-1.0.jar`,
  size: Buffer.byteLength(text),
  sha256: sha256(text),
});

export const deb = (text: string | Uint8Array): DebianInput => ({
  use: 'os',
  source: 'debian',
  name: 'libc6',
  version: '1:2.41+x~1',
  arch: 'amd64',
  archive: 'debian',
  path: 'pool/main/libc6_2.41+x~1_amd64.deb',
  size: Buffer.byteLength(text),
  sha256: sha256(text),
});

/** Puts content into a store's folder as it lies there, whatever name it is given. */
export function plant(folder: string, name: string, content: string | Uint8Array): void {
  const file = new ContentStore(folder).path(name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

/** A vault in `folder`/vault that gets what it lacks from those places. */
export const vaultOf = (
  folder: string,
  places: readonly Source[],
  offline = false,
  channels: Channels = openChannels(folder, {}),
): ContentVault =>
  new ContentVault({
    store: new ContentStore(join(folder, 'vault')),
    sources: new Sources(places),
    channels,
    clock: new FakeClock(),
    judged: new JudgedFolder(join(folder, 'vault', 'judged'), 'rules-1'),
    offline,
  });
