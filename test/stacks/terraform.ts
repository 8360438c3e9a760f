import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Whether terraform (or what TERRAFORM_BINARY_NAME names) is here at all. */
const PROGRAM = process.env['TERRAFORM_BINARY_NAME'] ?? 'terraform';
export const hasTerraform = spawnSync(PROGRAM, ['version'], { stdio: 'ignore' }).status === 0;

/** tools/setup writes these settings; without them providers come from their registry. */
function settings(): Readonly<Record<string, string>> {
  const cache =
    process.env['KILN_CACHE'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'kiln');
  const file = join(cache, 'terraform', 'config.tfrc');
  return existsSync(file) ? { TF_CLI_CONFIG_FILE: file } : {};
}

const AWS_LEAF = 'hashicorp/aws/5.100.0/linux_amd64';
/** undefined: the AWS provider is at hand; else how to have it. Found in the mirror alone, where no registry is. */
export const hasAwsProvider: string | undefined = (() => {
  if (!hasTerraform) return 'needs Terraform';
  const config = settings()['TF_CLI_CONFIG_FILE'];
  const mirror =
    config === undefined ? undefined : join(config, '..', 'mirror', 'registry.terraform.io', AWS_LEAF);
  return mirror !== undefined && existsSync(mirror)
    ? undefined
    : 'needs AWS provider: kiln doctor says how to have it';
})();

/** Nothing of the caller's own terraform settings reaches a test. */
function environment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('TF_'));
  return { ...Object.fromEntries(own), ...settings(), TF_IN_AUTOMATION: '1', CHECKPOINT_DISABLE: '1' };
}

export interface Outcome {
  readonly code: number;
  /** Both streams. */
  readonly text: string;
}

/** Runs terraform in a folder; any exit code is an answer. */
export async function terraform(folder: string, ...args: readonly string[]): Promise<Outcome> {
  try {
    const { stdout, stderr } = await promisify(execFile)(PROGRAM, [...args], {
      cwd: folder,
      env: environment(),
      maxBuffer: 64 * 1024 * 1024,
    });
    return { code: 0, text: stdout + stderr };
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && typeof error.code === 'number')) throw error;
    const { stdout, stderr } = error as unknown as { stdout: string; stderr: string };
    return { code: error.code, text: stdout + stderr };
  }
}
