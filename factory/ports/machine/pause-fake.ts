import { setImmediate } from 'node:timers/promises';
import { FakeClock } from './clock-fake';
import type { Pause } from './pause';

/** Whoever sleeps moves the clock on, and others get their turn meanwhile. Chance is a fixed sequence. */
export class FakePause extends FakeClock implements Pause {
  private seed = 1;

  async sleep(milliseconds: number): Promise<void> {
    await setImmediate();
    this.advance(milliseconds);
  }

  random(): number {
    this.seed = (this.seed * 48_271) % 2_147_483_647;
    return this.seed / 2_147_483_647;
  }
}
