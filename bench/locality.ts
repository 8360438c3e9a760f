import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bake } from '../factory/bake/bake';
import { openSession } from '../factory/bake/session';
import type { LayerName } from '../factory/contracts/layers';
import { type Assembled, assemble } from '../factory/disk/assemble';
import { countBlocks } from '../factory/disk/blocks';
import { openDiskTools } from '../factory/disk/tools-tree';
import { LayerCache, type CachedLayer } from '../factory/layers/cache';
import { builtLayers } from './built-layers';
import type { Result } from './result';
import { entryText, rewriteLayer } from './rewrite-layer';
import { UPDATED } from './update-debs';

const REMOVED = 'zstd';
/** Bytes that every file of an updated package grows by. */
const GROWTH = 5 * 1024;

const say = (text: string): void => void process.stderr.write(`locality: ${text}\n`);

/** Package -> paths of its files, as the tar has them. */
async function filesOfPackages(os: CachedLayer): Promise<ReadonlyMap<string, readonly string[]>> {
  const lists = await entryText(os, (path) => /^var\/lib\/dpkg\/info\/[^/]+\.list$/.test(path));
  const packages = [...lists].map(([path, text]): readonly [string, readonly string[]] => [
    path.replace(/^.*\/([^/:]+)(:amd64)?\.list$/, '$1'),
    text.split('\n').map((line) => line.replace(/^\/(bin|sbin|lib|lib64)\//, '/usr/$1/').slice(1)),
  ]);
  return new Map(packages);
}

/** What a change moves on the disk: in blocks of 512 KiB, of those that are not zero. */
export async function locality(): Promise<readonly Result[]> {
  const session = await openSession();
  const { project, exec, vault, locked, plan, kiln } = session;
  const quiet = {
    waitingFor: say,
    checking: () => undefined,
    fallback: () => undefined,
    fetching: () => undefined,
    fetched: () => undefined,
    event: () => undefined,
    begins: () => undefined,
  };
  say('the image as it is');
  const base = await bake(session, quiet);
  const cache = new LayerCache(project.cache);
  const layers = builtLayers(plan, cache);
  const tools = await openDiskTools({ exec, vault, project }, locked.lock);
  const work = mkdtempSync(join(tmpdir(), 'kiln-locality-'));
  const baked = async (
    name: string,
    changed: LayerName,
    rewrite: (layer: CachedLayer, folder: string) => Promise<CachedLayer>,
  ): Promise<Assembled> => {
    say(name);
    const folder = join(work, name.replaceAll(' ', '-'));
    mkdirSync(folder);
    const others = await Promise.all(
      layers.map((layer) => (layer.name === changed ? rewrite(layer, folder) : Promise.resolve(layer))),
    );
    return await assemble({
      project: { ...project, state: folder },
      tools,
      lock: locked.lock,
      lockDigest: locked.digest,
      layers: { built: others },
      kiln,
    });
  };
  const compare = (name: string, goal: number, { folder }: Assembled): Result => {
    const { used, differ } = countBlocks(
      { file: join(base.folder, 'image.raw') },
      { file: join(folder, 'image.raw') },
    );
    rmSync(folder, { recursive: true });
    return {
      name,
      ratio: differ / used,
      goal,
      detail: `${String(differ)} of ${String(used)} blocks of 512 KiB`,
    };
  };
  try {
    const os = layers.find(({ name }) => name === 'os');
    if (os === undefined) throw new Error('there is no os layer');
    const packages = await filesOfPackages(os);
    const missing = UPDATED.filter((name) => !packages.has(name));
    if (missing.length > 0) throw new Error(`the base has no ${missing.join(', ')}`);
    const updated = new Set(UPDATED.flatMap((name) => packages.get(name) ?? []));
    const removed = new Set(packages.get(REMOVED));
    const grow = (_: { readonly name: string }, content: Buffer): Buffer =>
      Buffer.concat([content, Buffer.alloc(GROWTH, 'k')]);
    const path = (name: string): string => name.replace(/^\.\//, '');
    return [
      compare(
        'a change of all code',
        0.005,
        await baked('a change of all code', 'code', (layer, folder) =>
          rewriteLayer(layer, folder, (header, content) =>
            header.type === 'file' ? Buffer.concat([content, Buffer.from('# changed\n')]) : content,
          ),
        ),
      ),
      compare(
        "a night's updates",
        0.05,
        await baked("a night's updates", 'os', (layer, folder) =>
          rewriteLayer(layer, folder, (header, content) =>
            header.type === 'file' && updated.has(path(header.name)) ? grow(header, content) : content,
          ),
        ),
      ),
      compare(
        'a package more, one less',
        0.05,
        await baked('a package more, one less', 'os', (layer, folder) =>
          rewriteLayer(
            layer,
            folder,
            (header, content) =>
              header.type === 'file' && removed.has(path(header.name)) ? undefined : content,
            new Map(
              Array.from({ length: 40 }, (_, n) => [
                `./usr/share/added-${String(n)}`,
                readFileSync(process.execPath).subarray(n * 20_000, (n + 1) * 20_000),
              ]),
            ),
          ),
        ),
      ),
    ];
  } finally {
    rmSync(work, { recursive: true, force: true });
    await vault.close();
  }
}
