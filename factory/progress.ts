import type { Clock } from './ports/machine/clock';

/** How far a download is. Sizes in bytes. */
export interface FetchProgress {
  /** Inputs complete and verified, of those that `ensure` had to fetch. */
  readonly done: number;
  readonly total: number;
  readonly bytes: number;
  readonly totalBytes: number;
  /** Bytes a second since the start; 0 until known. */
  readonly rate: number;
  /** Seconds left at that rate; undefined until known. */
  readonly remaining: number | undefined;
}

/** Milliseconds between two reports: what a person can follow. */
const BEAT = 200;

/** Counts downloaded bytes and says how long the rest will take. */
export class Meter {
  private bytes = 0;
  private done = 0;
  private last = -Infinity;
  private readonly start: number;

  constructor(
    private readonly clock: Clock,
    private readonly total: number,
    private readonly totalBytes: number,
    private readonly report: (progress: FetchProgress) => void,
  ) {
    this.start = clock.now();
  }

  /** @param count negative when a broken download is begun again. */
  add(count: number): void {
    this.bytes += count;
    if (this.clock.now() - this.last >= BEAT) this.tell();
  }

  complete(): void {
    this.done += 1;
    this.tell();
  }

  private tell(): void {
    this.last = this.clock.now();
    const seconds = (this.last - this.start) / 1000;
    const rate = seconds > 0 ? this.bytes / seconds : 0;
    this.report({
      done: this.done,
      total: this.total,
      bytes: this.bytes,
      totalBytes: this.totalBytes,
      rate,
      remaining: rate > 0 ? (this.totalBytes - this.bytes) / rate : undefined,
    });
  }
}
