import type { Doing } from '../ports/threads';
import { fileSha256 } from '../layers/tree-digest';
import { type Copied, copyLayer, type CopyTask } from './copy-layer';
import { hashBlocks, type HashTask } from './seal';

/** Counts a file's sha256. */
interface DigestTask {
  readonly kind: 'digest';
  readonly file: string;
}

/** What takes a core for seconds: a thread is given it. */
export type Task = CopyTask | HashTask | DigestTask;

/** Does a task; `onBytes` is told how many bytes of a layer were read. */
export interface DoTask {
  (task: CopyTask, onBytes?: (bytes: number) => void): Promise<Copied>;
  (task: HashTask): Promise<undefined>;
  /** 64 hex digits. */
  (task: DigestTask): Promise<string>;
}
export type Result = Copied | string | undefined;

/** In this thread. */
export const doTask = (async (
  task: Task,
  onBytes: (bytes: number) => void = () => undefined,
): Promise<Result> => {
  switch (task.kind) {
    case 'copy':
      return await copyLayer(task, onBytes);
    case 'hash':
      hashBlocks(task);
      return undefined;
    case 'digest':
      return await fileSha256(task.file);
  }
}) as DoTask & Doing<Task, Result>;
