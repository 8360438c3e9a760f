import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { requireOwn } from '../../../factory/bake/own';
import { KilnError } from '../../../factory/errors';
import type { Project } from '../../../factory/project';

let folder: string;
let project: Project;
const me = process.getuid?.() ?? -1;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-own-'));
  const at = (name: string): string => join(folder, name);
  project = {
    root: folder,
    spec: at('factory.yaml'),
    lock: at('lock'),
    state: at('state'),
    cache: at('cache'),
    home: folder,
  };
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

test("one's own folders, and folders still to be made, are fine", () => {
  requireOwn(project, me);
  mkdirSync(project.cache);
  mkdirSync(project.state);
  requireOwn(project, me);
});

test("somebody else's cache and state are both named, with the way out", () => {
  mkdirSync(project.cache);
  mkdirSync(project.state);
  let thrown: unknown;
  try {
    requireOwn(project, me + 1);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(KilnError);
  const { code, faults } = thrown as KilnError;
  expect(code).toBe('not-yours');
  expect(faults.map(({ where }) => where)).toEqual([project.cache, project.state]);
  expect(faults[0]?.hint).toContain('KILN_CACHE');
  expect(faults[1]?.hint).toContain('chown');
});
