import type { Doing } from '../processes/threads';
import { copyContents, type CopyContentsTask } from './copy-contents';
import { type Copied, copyLayer, type CopyTask } from './copy-layer';
import { fillDisk, type FillTask } from './fill';
import { hashBlocks, type HashTask } from './seal';

/** What takes a core for seconds: a thread is given it. */
export type Task = CopyContentsTask | CopyTask | HashTask | FillTask;

/** Does a task; `onBytes` gets how many bytes more were read or counted. */
export interface DoTask {
  (task: CopyContentsTask): Promise<boolean>;
  (task: CopyTask, onBytes?: (bytes: number) => void): Promise<Copied>;
  (task: HashTask): Promise<undefined>;
  /** 64 hex digits. */
  (task: FillTask, onBytes?: (bytes: number) => void): Promise<string>;
}
export type Result = boolean | Copied | string | undefined;

/** In this thread. */
export const doTask = (async (
  task: Task,
  onBytes: (bytes: number) => void = () => undefined,
): Promise<Result> => {
  switch (task.kind) {
    case 'copy-contents':
      return await copyContents(task);
    case 'copy':
      return await copyLayer(task, onBytes);
    case 'hash':
      hashBlocks(task);
      return undefined;
    case 'fill':
      return await fillDisk(task, onBytes);
  }
}) as DoTask & Doing<Task, Result>;
