import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { rememberSteps, stepsBefore } from '../../../factory/bake/steps-before';
import type { Project } from '../../../factory/project';

const state = mkdtempSync(join(tmpdir(), 'kiln-steps-'));
const project = { state } as Project;
afterEach(() => {
  rmSync(state, { recursive: true, force: true });
});

it('knows what a step took when it was last done, not when it came from the cache', () => {
  expect(stepsBefore(project)).toEqual({});
  const os = { step: 'os', cached: false, milliseconds: 60_000, bytes: 642 };
  rememberSteps(project, [os, { step: 'disk', cached: false, milliseconds: 5, bytes: 0 }]);
  rememberSteps(project, [{ ...os, cached: true, milliseconds: 1 }]);
  expect(stepsBefore(project)).toEqual({
    os: { milliseconds: 60_000, bytes: 642 },
    disk: { milliseconds: 5, bytes: 0 },
  });
});

it('knows nothing when its file is not what it wrote', () => {
  mkdirSync(join(state, 'bakes'), { recursive: true });
  writeFileSync(join(state, 'bakes', 'steps.json'), '{"os": 1}');
  expect(stepsBefore(project)).toEqual({});
});
