import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { inflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reportPage } from '../../../factory/nightly/report/page';
import { chromium } from '../../chromium';
import { HOSTILE, reportData } from './report-data';

const found = (process.env['PATH'] ?? '')
  .split(delimiter)
  .some((folder) => existsSync(join(folder, 'chromium')));

/** The first pixel of a PNG of 8 bits a channel: nothing stands before it that a filter could refer to. */
function firstPixel(file: string): readonly number[] {
  const png = readFileSync(file);
  const parts: Buffer[] = [];
  for (let at = 8; at < png.length;) {
    const length = png.readUInt32BE(at);
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') parts.push(png.subarray(at + 8, at + 8 + length));
    at += length + 12;
  }
  return [...inflateSync(Buffer.concat(parts)).subarray(1, 4)];
}

describe.skipIf(!found)(`a night's page in a browser${found ? '' : ' (needs chromium)'}`, () => {
  let folder: string;
  let page: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'kiln-page-'));
    page = join(folder, 'report.html');
    const data = reportData();
    const packages = (data.change?.packages ?? []).map((each) => ({
      ...each,
      name: HOSTILE,
      reason: HOSTILE,
    }));
    const change = data.change === undefined ? undefined : { ...data.change, packages };
    writeFileSync(page, reportPage({ ...data, change }));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('is read as it was written: names are text, nothing is run, nothing is asked for', async () => {
    const { out, err } = await chromium(`file://${page}`, '--dump-dom');
    expect(out).toContain('<title>spark-node, night of 2026-11-24 02:00: Registered</title>');
    expect(out).toContain("&lt;script&gt;document.title='taken'&lt;/script&gt;");
    expect(out).not.toMatch(/<(script|img)/);
    // What the page's policy keeps from being loaded is said on the console.
    expect(err).not.toMatch(/CONSOLE.*(Refused|violates|Content Security)/);
  });

  it.each([
    ['light', 1, [255, 255, 255]],
    ['dark', 0, [13, 17, 23]],
  ] as const)('is %s for who wants it so', async (_, scheme, ground) => {
    const picture = join(folder, 'page.png');
    const preferred = `--blink-settings=preferredColorScheme=${String(scheme)}`;
    await chromium(`file://${page}`, preferred, `--screenshot=${picture}`);
    expect(firstPixel(picture)).toEqual(ground);
  });
});
