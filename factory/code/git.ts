import { homedir } from 'node:os';
import type { Exec, RunOptions, RunResult } from '../ports/machine/exec';

/**
 * Nothing of the caller's environment may point git at another repository, a bake by root must read a checkout of
 * somebody else's, and reading must neither write to the repository nor start a program that it names.
 */
const environment = (): Record<string, string> => ({
  PATH: process.env['PATH'] ?? '/usr/bin:/bin',
  HOME: process.env['HOME'] ?? homedir(),
  ...(process.env['XDG_CONFIG_HOME'] === undefined
    ? {}
    : { XDG_CONFIG_HOME: process.env['XDG_CONFIG_HOME'] }),
  LC_ALL: 'C.UTF-8',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_CONFIG_COUNT: '2',
  GIT_CONFIG_KEY_0: 'safe.directory',
  GIT_CONFIG_VALUE_0: '*',
  GIT_CONFIG_KEY_1: 'core.fsmonitor',
  GIT_CONFIG_VALUE_1: 'false',
});

/** Runs git in that folder. */
export const git = async (
  exec: Exec,
  folder: string,
  args: readonly string[],
  options: Pick<RunOptions, 'accept' | 'env' | 'input'> = {},
): Promise<RunResult> =>
  await exec.run('git', ['-C', folder, ...args], {
    ...options,
    env: { ...environment(), ...options.env },
    extendEnv: false,
  });

/** Records of an answer in which NUL ends each. */
export const records = (text: string): string[] => text.split('\0').filter((each) => each !== '');
