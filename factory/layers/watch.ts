import { statfsSync } from 'node:fs';
import { KilnError } from '../errors';
import type { Exec } from '../ports/machine/exec';
import type { Limits } from '../recipes/declaration';
import { familyOf } from '../processes/family';
import { passedLimit } from './limits';

const MIB = 1 << 20;
/** Milliseconds between two looks, which take some each. */
const BEAT = 500;

export interface Watched {
  readonly limits: Limits;
  /** Folders on one file system that it writes. */
  readonly folders: readonly [string, ...string[]];
}

const freeMiB = (folder: string): number => {
  const { bavail, bsize } = statfsSync(folder);
  return (bavail * bsize) / MIB;
};

/** Ends a recipe that takes more than it may. */
export class Watch {
  private readonly aborter = new AbortController();
  // Of a clock that stands still while the machine sleeps.
  private readonly began = performance.now();
  private readonly free: number;
  private first: number | undefined;
  private timer: NodeJS.Timeout | undefined;
  /** What it took too much of. */
  passed: ReturnType<typeof passedLimit>;

  constructor(
    private readonly exec: Exec,
    private readonly watched: Watched,
  ) {
    this.free = freeMiB(watched.folders[0]);
    this.beat();
  }

  /** Kills what is watched when it is aborted. */
  get signal(): AbortSignal {
    return this.aborter.signal;
  }

  /** Called with the first process of what is watched. */
  readonly start = (pid: number): void => {
    this.first = pid;
  };

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private beat(): void {
    this.timer = setTimeout(() => {
      void this.look().then(() => {
        if (this.timer !== undefined) this.beat();
      });
    }, BEAT);
  }

  private async look(): Promise<void> {
    const { limits } = this.watched;
    const family = this.first === undefined ? [] : familyOf(this.first);
    const memory = family.reduce((sum, each) => sum + each.memory, 0) / MIB;
    const minutes = (performance.now() - this.began) / 60_000;
    this.passed = passedLimit(limits, {
      ...{ minutes, processes: family.length, memory },
      disk: await this.disk(),
    });
    if (this.passed !== undefined) this.aborter.abort();
  }

  /** Its folders are only counted when so much of the disk is gone that it may have been them. */
  private async disk(): Promise<number> {
    const { limits, folders } = this.watched;
    if (this.free - freeMiB(folders[0]) <= limits.disk) return 0;
    try {
      const { stdout } = await this.exec.run('du', ['-s', '-c', '--block-size=1M', ...folders], {
        accept: [0, 1],
      });
      return Number(stdout.trimEnd().split('\n').at(-1)?.split('\t')[0] ?? 0);
    } catch (error) {
      if (error instanceof KilnError) return 0;
      throw error;
    }
  }
}
