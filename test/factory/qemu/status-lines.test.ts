import { describe, expect, it } from 'vitest';
import { lastJsonLine } from '../../../factory/machines/qemu/status-lines';
import { tapName } from '../../../factory/machines/qemu/driver';

describe('what came over the status port', () => {
  it.each([
    ['nothing', '', undefined],
    ['a line that is not whole yet', '{"phase":"ready"}', undefined],
    ['one line', '{"phase":"booting"}\n', '{"phase":"booting"}'],
    ['the last of several', '{"n":1}\n{"n":2}\n', '{"n":2}'],
    ['the last whole one', '{"n":1}\n{"n":2', '{"n":1}'],
    ['one before noise', '{"n":1}\n\u001b[0m noise\n', '{"n":1}'],
  ])('takes from %s the right line', (_, text, line) => {
    expect(lastJsonLine(text)).toBe(line);
  });
});

describe('the name of a tap', () => {
  it('fits into 15 characters and differs between machines', () => {
    const names = ['trial-workers-1', 'trial-workers-2', `${'x'.repeat(40)}-1`, `${'x'.repeat(40)}-2`];
    const taps = names.map(tapName);
    expect(new Set(taps).size).toBe(names.length);
    for (const tap of taps) expect(tap).toMatch(/^[a-z0-9]{1,15}$/);
  });
});
