import { text } from 'node:stream/consumers';
import { openSession } from '../factory/bake/session';
import { assemble } from '../factory/disk/assemble';
import { openDiskTools } from '../factory/disk/tools-tree';
import type { CachedLayer } from '../factory/layers/cache';

/** Puts layers together in a process of its own, so that its memory can be measured: { state, layers } on stdin. */
async function main(): Promise<void> {
  const { state, layers } = JSON.parse(await text(process.stdin)) as { state: string; layers: CachedLayer[] };
  const { project, exec, vault, locked, kiln } = await openSession();
  const { lock, digest } = locked;
  const tools = await openDiskTools({ exec, vault, project }, lock);
  await assemble({
    project: { ...project, state },
    tools,
    lock,
    lockDigest: digest,
    layers: { built: layers },
    kiln,
  });
  await vault.close();
}

void main();
