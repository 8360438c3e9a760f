import type { Exec } from '../ports/machine/exec';
import type { System } from '../ports/machine/system';
import { isBefore } from '../versions';
import type { Finding } from './finding';
import { parsePackages } from './packages';

/** How to ask a program for its version, where that is worth the time; the answer's first number counts. */
const VERSION: Readonly<Record<string, readonly string[]>> = {
  ceph: ['--version'],
  go: ['version'],
  mmdebstrap: ['--version'],
  packer: ['version'],
  'qemu-system-x86_64': ['--version'],
  'systemd-nspawn': ['--version'],
  terraform: ['version'],
  tofu: ['version'],
};

const versionIn = (text: string): string | undefined => /\d+(?:\.\d+)+|\b\d{2,}\b/.exec(text)?.[0];

async function version(exec: Exec, path: string, program: string): Promise<string> {
  const args = VERSION[program];
  if (args === undefined) return path;
  try {
    const result = await exec.run(path, args, { timeout: 20_000, env: { CHECKPOINT_DISABLE: '1' } });
    return `${versionIn(result.stdout) ?? 'of unknown version'} (${path})`;
  } catch {
    return `${path}, which does not report its version`;
  }
}

/**
 * The Debian packages of a list like tools/packages.
 * @param missing what it is that one of them is not there.
 */
export function packageFindings(
  system: System,
  exec: Exec,
  list: string,
  missing: 'lack' | 'note' = 'lack',
): Promise<Finding[]> {
  return Promise.all(
    parsePackages(list).map(async (need): Promise<Finding> => {
      for (const sign of need.signs) {
        const path = sign.startsWith('/') ? (system.exists(sign) ? sign : undefined) : system.which(sign);
        if (path !== undefined) {
          return { subject: need.package, state: 'here', detail: await version(exec, path, sign) };
        }
      }
      return {
        subject: need.package,
        state: missing,
        detail: `no ${need.signs.join(' and no ')}`,
        means: `needed by ${need.purpose}`,
        remedy: `apt-get install ${need.package}, or tools/setup${missing === 'lack' ? '' : ' tests'}`,
      };
    }),
  );
}

/** Where a mirror has the provider that the stacks are written for. */
const AWS_PROVIDER = 'hashicorp/aws/5.100.0/linux_amd64';

/** What tools/setup makes itself, and the Terraform it goes with. */
export async function toolchainFindings(
  system: System,
  exec: Exec,
  places: { readonly home: string; readonly cache: string },
): Promise<Finding[]> {
  const remedy = 'tools/setup';
  const made = (subject: string, path: string, means: string): Finding =>
    system.exists(path)
      ? { subject, state: 'here', detail: path }
      : { subject, state: 'lack', detail: `no ${path}`, means, remedy };
  const terraform = [
    ...['terraform', 'tofu'].map((program) => ({ program, path: system.which(program) })),
    {
      program: 'tofu',
      path: system
        .list(`${places.cache}/tools`, /^opentofu-/)
        .at(-1)
        ?.concat('/tofu'),
    },
  ].find(({ path }) => path !== undefined);
  return [
    !isBefore(system.node, '20.19')
      ? { subject: 'Node.js', state: 'here', detail: system.node }
      : {
          subject: 'Node.js',
          state: 'lack',
          detail: system.node,
          means: 'kiln and CDKTF run on 20.19 and later',
          remedy: 'install Node.js 20.19 or later',
        },
    made(
      'Python libraries',
      `${places.home}/.venv/bin/python`,
      'kiln lock and bake cannot solve and unpack conda packages',
    ),
    terraform?.path === undefined
      ? {
          subject: 'Terraform',
          state: 'lack',
          detail: 'neither terraform nor tofu is on PATH',
          means: 'cdktf can synthesise, not deploy',
          remedy: 'tools/setup, which has OpenTofu pinned; or install Terraform 1.5 or later',
        }
      : {
          subject: 'Terraform',
          state: 'here',
          detail: await version(exec, terraform.path, terraform.program),
        },
    made(
      'Terraform providers',
      `${places.cache}/terraform/config.tfrc`,
      'npx cdktf deploy asks a Terraform registry for every provider',
    ),
    system.exists(`${places.cache}/terraform/mirror/registry.terraform.io/${AWS_PROVIDER}`)
      ? { subject: 'AWS provider', state: 'here', detail: AWS_PROVIDER }
      : {
          subject: 'AWS provider',
          state: 'note',
          detail: `no ${AWS_PROVIDER} in the mirror`,
          means: 'stacks on AWS take it from a Terraform registry; the tests of them are skipped',
          remedy: 'terraform providers mirror /opt/tf-plugins, then tools/setup: docs/terraform.md',
        },
  ];
}
