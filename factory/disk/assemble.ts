import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { MANIFEST } from '../contracts/manifest';
import type { ImageRecord } from '../contracts/record';
import { KilnError } from '../errors';
import { withWorkFolder } from '../files/work-folder';
import { withThreads } from '../processes/threads';
import type { Project } from '../project';
import { type PreviousImage, CONTENTS, findPreviousImage } from './previous-image';
import { keep } from './keep';
import type { DoTask, Result, Task } from './tasks';
import { type ImageOptions, writeImage, type Written } from './write-image';

export interface AssembleOptions extends ImageOptions {
  readonly project: Project;
  /** Called when a previous image is corrupted: it is not reused. */
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
    const put = async (
      folder: string,
      previous: PreviousImage | undefined,
    ): Promise<Assembled | undefined> => {
      mkdirSync(folder);
      const files = { disk: join(folder, 'image.raw'), manifest: join(folder, MANIFEST) };
      const written = await withThreads<Task, Result, Written | undefined>(
        join(__dirname, 'worker.js'),
        (run) => writeImage(options, run as DoTask, folder, files, previous),
      );
      if (written === undefined) return undefined;
      const { record, contents } = written;
      return { record, folder: keep(images, record, { ...files, lock: lockText, contents }, work) };
    };
    const [first, again] = [join(work, 'first'), join(work, 'again')];
    const previous = findPreviousImage(images, options.lock.image);
    const assembled = await put(first, previous);
    if (assembled !== undefined) return assembled;
    rmSync(first, { recursive: true });
    if (previous !== undefined) leave(previous, options.onDamage);
    const whole = await put(again, undefined);
    if (whole === undefined) throw new Error('nothing was reused, and that was corrupted');
    return whole;
  });
}

/** Keeps that image from being reused. */
function leave({ folder, disk }: PreviousImage, onDamage: AssembleOptions['onDamage']): void {
  if (!existsSync(disk)) {
    onDamage?.(`the previous image in ${folder} was removed: it will not be reused`);
    return;
  }
  rmSync(join(folder, CONTENTS), { force: true });
  onDamage?.(`the previous image in ${folder} is corrupted: it will not be reused and will be rebuilt`);
}
