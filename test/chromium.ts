import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Of a machine without a display, as root, and without a word to anybody but the page. */
const QUIET = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--enable-logging=stderr',
];

/**
 * Opens a page in Debian's Chromium with a profile of its own.
 * @param options more of Chromium's: `--dump-dom`, `--screenshot=FILE`.
 * @returns what it wrote; the console of the page is in `err`.
 * @throws Error when it does not end with 0 within 50 seconds.
 */
export async function chromium(
  url: string,
  ...options: readonly string[]
): Promise<{ readonly out: string; readonly err: string }> {
  const profile = await mkdtemp(join(tmpdir(), 'kiln-chromium-'));
  try {
    const words = [...QUIET, `--user-data-dir=${profile}`, ...options, url];
    const { stdout, stderr } = await promisify(execFile)('chromium', words, {
      timeout: 50_000,
      maxBuffer: 64 << 20,
    });
    return { out: stdout, err: stderr };
  } finally {
    await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}
