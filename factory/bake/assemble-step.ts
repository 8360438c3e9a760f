import { mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join, relative } from 'node:path';
import { defined } from '../defined';
import { assemble, type Assembled } from '../disk/assemble';
import { openDiskTools } from '../disk/tools-tree';
import { rebuildLayer } from '../layers/build';
import { mendingLayers } from '../layers/damage';
import type { GrowingLayers } from '../layers/growing';
import { report } from './events';
import { buildLayers } from './build-layers';
import { assemblyKey, rememberBake } from './index-file';
import { formatDuration, formatSize } from '../units';
import { buildContext } from './layer-step';
import { requireOwn } from './own';
import { openSession } from './session';
import { reportingFailure } from './reporting';

/** Where Packer's post-processors find what was assembled last: a link to its folder. */
const LATEST = 'latest';
/** Milliseconds between two words on how far it is. */
const BEAT = 500;

/** `kiln assemble`: the disk from all layers; those that are not in the cache are built. */
export async function runAssemble(lock: string | undefined, offline: boolean): Promise<void> {
  const session = await openSession({ ...defined({ lock }), offline });
  const { project, plan, exec, vault, locked } = session;
  try {
    requireOwn(project);
    const started = Date.now();
    const tools = await openDiskTools({ exec, vault, project }, locked.lock);
    let step: { name: string; since: number } | undefined;
    let reported = 0;
    const finish = (): void => {
      if (step !== undefined)
        report({
          event: 'done',
          step: step.name,
          cached: false,
          milliseconds: Date.now() - step.since,
          bytes: 0,
        });
    };
    const put = (layers: GrowingLayers): Promise<Assembled> =>
      assemble({
        project,
        tools,
        lock: locked.lock,
        lockDigest: locked.digest,
        layers,
        kiln: session.kiln,
        onStep: (name) => {
          finish();
          step = { name, since: Date.now() };
          report({ event: 'started', step: name });
        },
        onDamage: (what) => {
          report({ event: 'damaged', step: step?.name ?? 'disk', what });
          process.stdout.write(`${what}\n`);
        },
        onBytes: (bytes, total) => {
          if (step === undefined || Date.now() - reported < BEAT) return;
          reported = Date.now();
          report({ event: 'progress', step: step.name, bytes, total });
        },
      });
    const { record, folder } = await reportingFailure(
      () => step?.name ?? 'disk',
      () =>
        mendingLayers(
          () => buildLayers(session),
          put,
          async (damaged) => {
            const context = buildContext(session, 'assemble');
            for (const { name } of damaged) await rebuildLayer(context, name);
          },
        ),
    );
    finish();
    rememberBake(project, await assemblyKey(plan, locked.digest), record.digest);
    const latest = join(project.state, LATEST);
    mkdirSync(project.state, { recursive: true });
    rmSync(`${latest}.tmp`, { force: true });
    symlinkSync(relative(project.state, folder), `${latest}.tmp`);
    renameSync(`${latest}.tmp`, latest);
    process.stdout.write(
      `image ${record.digest}, ${formatSize(record.size)}, assembled in ${formatDuration(Date.now() - started)}\n${folder}\n`,
    );
  } finally {
    await vault.close();
  }
}
