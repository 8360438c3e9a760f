import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { KilnError } from '../../../factory/errors';
import type { Project } from '../../../factory/project';

export const SPEC = `image: spark-node
spark: 4.1.4
conda:
  environment: environment.yml
  channels:
    example: channel
code: jobs
channels:
  candidate: {}
`;

export const ENVIRONMENT = `channels: [example]
dependencies: [python=3.13, numpy]
`;

/** A project in a folder of its own, gone after the test. */
export function projectOf(files: Readonly<Record<string, string>> = {}): Project {
  const root = mkdtempSync(join(tmpdir(), 'kiln-test-'));
  onTestFinished(() => {
    rmSync(root, { recursive: true });
  });
  const all = {
    'factory.yaml': SPEC,
    'environment.yml': ENVIRONMENT,
    'jobs/pyproject.toml': '[build-system]\nrequires = ["flit_core==3.12.0"]\n',
    'images/layers/os/layer.yaml': 'about: the base\norder: 10\nlock: [epoch]\npackages: with-dependencies\n',
    'images/layers/code/layer.yaml': 'about: the package\norder: 70\npackages: alone\n',
    'images/layers/os/packages': 'systemd # init\n\n# boot\nudev\n',
    'images/layers/tools/packages': 'mtools\n',
    'images/layers/code/packages': 'git\n',
    ...files,
  };
  for (const [name, text] of Object.entries(all)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  return {
    root,
    spec: join(root, 'factory.yaml'),
    lock: join(root, 'factory.lock.json'),
    state: join(root, '.kiln'),
    cache: join(root, 'cache'),
    home: root,
  };
}

/** The KilnError that a call must end with. */
export async function refusal(call: () => unknown): Promise<KilnError> {
  try {
    await call();
  } catch (error) {
    if (error instanceof KilnError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}
