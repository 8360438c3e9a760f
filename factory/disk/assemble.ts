import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { MANIFEST } from '../contracts/manifest';
import type { ImageRecord } from '../contracts/record';
import { KilnError } from '../errors';
import { withWorkFolder } from '../layers/work-folder';
import { withThreads } from '../ports/threads';
import type { Project } from '../project';
import { type Base, CONTENTS, newestBase } from './base';
import { keep } from './keep';
import type { DoTask, Result, Task } from './tasks';
import { type ImageOptions, writeImage, type Written } from './write-image';

export interface AssembleOptions extends ImageOptions {
  readonly project: Project;
  /** Told that an image of before is not what was baked: it is not used. */
  readonly onDamage?: (what: string) => void;
}

export interface Assembled {
  readonly record: ImageRecord;
  /** `.kiln/images/<64 hex>`. */
  readonly folder: string;
}

const imagesFolder = (project: Project): string => join(project.state, 'images');

/**
 * Layers to a disk: what goes where is planned from names alone, then every byte is written once, to its place in
 * one sparse raw file, whose sha256 is the image's name. It appears in the project's images whole or not at all.
 */
export async function assemble(options: AssembleOptions): Promise<Assembled> {
  const { project } = options;
  const images = imagesFolder(project);
  mkdirSync(images, { recursive: true });
  const lockText = readFileSync(project.lock);
  if (`sha256:${createHash('sha256').update(lockText).digest('hex')}` !== options.lockDigest) {
    throw new KilnError({
      code: 'sources-changed',
      what: `${project.lock} changed while it was baked`,
      hint: 'bake again when nothing edits it',
    });
  }
  return await withWorkFolder(project.state, 'disk', async (work) => {
    const put = async (folder: string, base: Base | undefined): Promise<Assembled | undefined> => {
      mkdirSync(folder);
      const files = { disk: join(folder, 'image.raw'), manifest: join(folder, MANIFEST) };
      const written = await withThreads<Task, Result, Written | undefined>(
        join(__dirname, 'worker.js'),
        (run) => writeImage(options, run as DoTask, folder, files, base),
      );
      if (written === undefined) return undefined;
      const { record, contents } = written;
      return { record, folder: keep(images, record, { ...files, lock: lockText, contents }, work) };
    };
    const [first, again] = [join(work, 'first'), join(work, 'again')];
    const base = newestBase(images, options.lock.image);
    const assembled = await put(first, base);
    if (assembled !== undefined) return assembled;
    rmSync(first, { recursive: true });
    if (base !== undefined) leave(base, options.onDamage);
    const whole = await put(again, undefined);
    if (whole === undefined) throw new Error('nothing was taken, and that was damaged');
    return whole;
  });
}

/** Nothing is taken from that image any more. */
function leave({ folder, disk }: Base, onDamage: AssembleOptions['onDamage']): void {
  if (!existsSync(disk)) {
    onDamage?.(`the image in ${folder} was removed: nothing is taken from it`);
    return;
  }
  rmSync(join(folder, CONTENTS), { force: true });
  onDamage?.(
    `the image in ${folder} is not what was baked: nothing is taken from it, and whoever asks for it bakes it again`,
  );
}
