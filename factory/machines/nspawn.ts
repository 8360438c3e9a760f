import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Sandbox } from '../ports/sandbox/sandbox';
import { type CgroupPlan, hierarchies, planCgroup } from './cgroup';
import { CONSOLE, type Machine, type MachineContext, type MachineDriver, type MachineImage } from './driver';
import { parseStatus } from './status';

/** Inside the sandbox: root partitions, mounted once per image. */
const ROOTS = '/run/kiln-roots';

const STATUS = '/run/kiln/status.json';
const SEED_TARGET = '/var/lib/cloud/seed/nocloud';

/** Of kiln_node/boot/filecheck.py. */
const MANIFEST_TARGET = '/run/kiln-image/files.mtree';

const rootOf = (image: MachineImage): string => join(ROOTS, image.digest.replace(':', '-'));

/**
 * systemd-nspawn's arguments: the image's root read-only, /etc and /var as overlays, /scratch and the
 * seed from the machine's folder, credentials by file. Works without systemd as the host's PID 1.
 */
export function nspawnArguments(machine: Machine, context: MachineContext): readonly string[] {
  const { folder, name } = machine;
  return [
    '--quiet',
    `--directory=${rootOf(machine.image)}`,
    `--machine=${name}`,
    `--hostname=${name}`,
    '--boot',
    '--read-only',
    '--register=no',
    '--keep-unit',
    // Nothing of this machine's leaks in.
    '--settings=no',
    '--link-journal=no',
    '--resolv-conf=off',
    '--timezone=off',
    `--overlay=+/etc:${join(folder, 'etc')}:/etc`,
    `--overlay=+/var:${join(folder, 'var')}:/var`,
    `--bind=${join(folder, 'scratch')}:/scratch`,
    `--bind-ro=${join(folder, 'seed')}:${SEED_TARGET}`,
    // What dm-verity does for a disk, the node does by this list.
    `--bind-ro=${machine.image.manifest}:${MANIFEST_TARGET}`,
    `--network-bridge=${context.bridge}`,
    ...Object.entries(context.credentials)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([id, file]) => `--load-credential=${id}:${file}`),
    '--console=read-only',
    '--setenv=SYSTEMD_COLORS=0',
  ];
}

/** Mounts the root partition unless it is; the loop device goes with the last mount (autoclear). */
async function mountRoot(sandbox: Sandbox, image: MachineImage): Promise<void> {
  const script = 'mountpoint -q "$1" || { mkdir -p "$1" && mount -o "$2" "$3" "$1"; }';
  const options = `ro,loop,offset=${String(image.root.start)},sizelimit=${String(image.root.size)}`;
  await sandbox.run('bash', ['-c', script, 'bash', rootOf(image), options, image.raw]);
}

async function planGroup(machine: Machine, sandbox: Sandbox): Promise<CgroupPlan> {
  const mountinfo = await sandbox.run('cat', ['/proc/self/mountinfo']);
  const own = await sandbox.run('cat', ['/proc/self/cgroup']);
  const found = hierarchies(mountinfo.stdout, own.stdout);
  return planCgroup(found, `kiln-${machine.cluster}/${machine.name}`, machine);
}

const cgroupsFile = (sandbox: Sandbox, name: string): string => join(sandbox.dir, `${name}.cgroups`);

/** Makes and enters the groups, then becomes the program; groups are listed first, so that `down` finds them. */
const ENTER = `
set -eu
folders=$1; limits=$2; shift 2
for folder in $folders; do mkdir -p "$folder"; done
for limit in $limits; do echo "\${limit#*=}" >"\${limit%%=*}" || true; done
for folder in $folders; do echo $$ >"$folder/cgroup.procs"; done
exec "$@"
`;

/** Removes control groups, innermost first; the cluster's own when it was the last in it. */
const LEAVE = `
set -eu
[ -e "$1" ] || exit 0
while read -r folder; do
  for tries in {1..50}; do
    [ -d "$folder" ] || break
    find "$folder" -depth -type d -exec rmdir {} + 2>/dev/null || sleep 0.1
  done
  rmdir "$(dirname "$folder")" 2>/dev/null || true
done <"$1"
rm -f "$1"
`;

/** For `Exec.run`: removes the control groups that a file lists, and the file. */
export const leaveGroups = (list: string): readonly [string, readonly string[]] => [
  'bash',
  ['-c', LEAVE, 'bash', list],
];

/** PID 1 of the container as seen in the sandbox: nspawn's child. */
async function leader(name: string, sandbox: Sandbox): Promise<string | undefined> {
  const pid = await sandbox.alive(name);
  if (pid === undefined) return undefined;
  const children = await sandbox.read(`/proc/${String(pid)}/task/${String(pid)}/children`);
  return children?.trim().split(' ')[0] ?? undefined;
}

export const nspawn: MachineDriver = {
  kind: 'nspawn',

  async start(machine, context) {
    const { sandbox } = context;
    const { folder, name } = machine;
    for (const part of ['etc', 'var', 'scratch', 'seed'])
      await mkdir(join(folder, part), { recursive: true });
    for (const [file, content] of Object.entries(machine.seed)) {
      await writeFile(join(folder, 'seed', file), content, { mode: 0o600 });
    }
    await mountRoot(sandbox, machine.image);
    const group = await planGroup(machine, sandbox);
    await writeFile(cgroupsFile(sandbox, name), group.folders.map((path) => `${path}\n`).join(''));
    const limits = group.limits.map(({ file, value }) => `${file}=${value}`);
    const command = ['systemd-nspawn', ...nspawnArguments(machine, context)];
    await sandbox.spawn(
      name,
      'bash',
      ['-c', ENTER, 'bash', group.folders.join(' '), limits.join(' '), ...command],
      {
        log: join(folder, CONSOLE),
        // Version 2 for the container whatever the host has: systemd 256 and later refuse version 1.
        env: { SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: '1' },
      },
    );
  },

  async stop(name, sandbox) {
    // Nodes are thrown away, not shut down: the container's PID 1 first, nspawn then tidies up itself.
    const first = await leader(name, sandbox);
    if (first !== undefined && first !== '') {
      await sandbox.run('kill', ['-KILL', first], { accept: [0, 1] });
      const gone = 'for i in {1..100}; do kill -0 "$1" 2>/dev/null || exit 0; sleep 0.05; done';
      await sandbox.run('bash', ['-c', gone, 'bash', String(await sandbox.alive(name))]);
    }
    await sandbox.kill(name);
    const [program, args] = leaveGroups(cgroupsFile(sandbox, name));
    await sandbox.run(program, args);
  },

  async enter(name, sandbox) {
    const first = await leader(name, sandbox);
    return first === undefined || first === ''
      ? undefined
      : ['nsenter', '--target', first, '--all', '--root', '--wd', '--'];
  },

  async status({ name }, sandbox) {
    const first = await leader(name, sandbox);
    if (first === undefined || first === '') return undefined;
    const text = await sandbox.read(`/proc/${first}/root${STATUS}`);
    return text === undefined ? undefined : parseStatus(text);
  },
};
