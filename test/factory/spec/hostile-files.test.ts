import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { codeSource } from '../../../factory/code/source';
import { readLocked } from '../../../factory/lock';
import { hostExec } from '../../../factory/ports/machine/exec-host';
import type { Project } from '../../../factory/project';
import { readSpec } from '../../../factory/spec/read';
import { YamlFile } from '../../../factory/spec/yaml-file';
import { ENVIRONMENT, projectOf, refusal, SPEC } from './support';

const GIB = 2 ** 30;

/** What can stand at the place of a file, and what is said of it. */
const INSTEAD: Readonly<Record<string, { readonly make: (path: string) => unknown; readonly what: RegExp }>> =
  {
    'a named pipe': { make: (path) => execFileSync('mkfifo', [path]), what: /is a named pipe, not a file/ },
    'a folder': {
      make: (path) => {
        mkdirSync(path);
      },
      what: /is a folder, not a file/,
    },
    'a device': {
      make: (path) => {
        symlinkSync('/dev/zero', path);
      },
      what: /is a device, not a file/,
    },
    'a socket': {
      make: async (path) => {
        const server = createServer().listen(path);
        await once(server, 'listening');
        server.unref();
      },
      what: /is a socket, not a file/,
    },
    'a link in a circle': {
      make: (path) => {
        symlinkSync(path, path);
      },
      what: /is a link that leads in a circle/,
    },
    'a link that leads nowhere': {
      make: (path) => {
        symlinkSync('nowhere', path);
      },
      what: /is not there/,
    },
    'a file with a hole of 3 TiB': {
      make: (path) => {
        writeFileSync(path, '');
        truncateSync(path, 3 * 1024 * GIB);
      },
      what: /has 3\.0 TiB, and [\w. ]+ is the most/,
    },
  };

describe.each(Object.entries(INSTEAD))('%s', (name, { make, what }) => {
  const replaced = async (file: string): Promise<Project> => {
    const project = projectOf();
    rmSync(join(project.root, file), { force: true });
    await make(join(project.root, file));
    return project;
  };

  it('as factory.yaml is refused, and not read', async () => {
    const fault = await refusal(async () => readSpec(await replaced('factory.yaml')));
    expect(fault).toMatchObject({ code: 'spec-invalid', faults: [{ where: 'factory.yaml' }] });
    expect(fault.faults[0]?.what).toMatch(what);
  });

  it('as the environment file is a fault of the line that names it', async () => {
    const fault = await refusal(async () => readSpec(await replaced('environment.yml')));
    expect(fault.faults).toMatchObject([{ where: 'factory.yaml:4:3: conda.environment' }]);
    expect(fault.faults[0]?.what).toMatch(what);
  });

  it('as the lock is refused, and not read', async () => {
    const fault = await refusal(async () => readLocked(await replaced('factory.lock.json')));
    expect(fault.code).toBe('lock-invalid');
    expect(fault.message).toMatch(what);
  });

  const inCode = name.startsWith('a link') || name === 'a folder' ? [] : ['jobs/data'];
  it.each(inCode)('in the code package is refused by name, and not read: %s', async (file) => {
    const project = await replaced(file);
    const fault = await refusal(() => codeSource(project, 'jobs', hostExec));
    expect(fault.faults).toMatchObject([{ where: file }]);
  });
});

describe('YAML', () => {
  const levels = (deep: number, wide: number): string =>
    Array.from({ length: deep }, (_, level) => {
      const each = level === 0 ? 'x' : `*a${String(level - 1)}`;
      return `a${String(level)}: &a${String(level)} [${Array.from({ length: wide }, () => each).join(',')}]\n`;
    }).join('');

  it.each([
    ['nine levels of nine', levels(9, 9)],
    ['forty levels of two', levels(40, 2)],
  ])('whose aliases stand for more than any memory has is refused: %s', async (_, bomb) => {
    for (const [file, text] of [
      ['factory.yaml', SPEC],
      ['environment.yml', ENVIRONMENT],
    ] as const) {
      const fault = await refusal(() => readSpec(projectOf({ [file]: text + bomb })));
      expect(fault.faults.map((each) => `${each.where} | ${each.what}`)).toContain(
        `${file}:1:1 | its aliases (*name) stand for so much that it cannot be read`,
      );
    }
  });

  it('that is nested without end is refused in words', async () => {
    const deep = `x: ${'['.repeat(20_000)}${']'.repeat(20_000)}\n`;
    const fault = await refusal(() => readSpec(projectOf({ 'factory.yaml': SPEC + deep })));
    expect(fault.faults.map((each) => each.what)).toContain('it is nested too deep to be read');
  });

  it('with a few aliases is as it was', () => {
    expect(new YamlFile('f', 'a: &a [1, 2]\nb: *a\nc: *a\n').value()).toEqual({
      a: [1, 2],
      b: [1, 2],
      c: [1, 2],
    });
  });
});
