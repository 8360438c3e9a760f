/** What a hostile recipe tries. Each is a line of bash that succeeds when the sandbox does not hold. */
export interface Attempt {
  readonly name: string;
  readonly command: string;
}

/** Shell variables of the recipe that name what is the machine's. */
export interface Targets {
  /** The user's cache and home folder, the project, a new name in the machine's /tmp. */
  readonly CACHE: string;
  readonly HOME_FOLDER: string;
  readonly PROJECT: string;
  readonly TEMPORARY: string;
  /** A file beside the cache that only its owner may read. */
  readonly SECRET: string;
  /** A TCP port on the machine's loopback and the name of an abstract socket that something listens on. */
  readonly PORT: string;
  readonly SOCKET: string;
  /** Namespaces of the machine, `kind:[number]` each. */
  readonly NAMESPACES: string;
}

const python = (text: string): string => `"$KILN_PYTHON" -c '${text}'`;

const write = (name: string, path: string): Attempt => ({
  name: `write ${name}`,
  command: `echo intruder >"${path}"`,
});
const append = (name: string, path: string): Attempt => ({
  name: `change ${name}`,
  command: `file=$(find "${path}" -type f | head -n 1); [ -n "$file" ] && echo intruder >>"$file"`,
});

/** Folders and files of others: none may be written. */
const WRITES: readonly Attempt[] = [
  ...(['OS_TREE', 'RUNTIME_TREE', 'SPARK_TREE', 'HADOOP_TREE', 'CONDA_TREE'] as const).flatMap((layer) => [
    write(layer, `\${KILN_${layer}:?}/intruded`),
    append(`a file of ${layer}`, `\${KILN_${layer}:?}`),
    { name: `remove ${layer}`, command: `rm -rf "\${KILN_${layer}:?}"/*` },
  ]),
  write('an input', '$KILN_INPUTS/intruded'),
  append('an input', '$KILN_INPUTS'),
  {
    name: 'change an input by a hard link to it',
    command: 'ln "$(find "$KILN_INPUTS" -type f | head -n 1)" "$KILN_TMP/linked"',
  },
  write('the cache', '$CACHE/intruded'),
  write('the layers of the cache', '$CACHE/layers/intruded'),
  append('the vault', '$CACHE/vault'),
  write('the lock file of its own work folder', '$(dirname "$KILN_OUT")/lock'),
  write('beside its own folders', '$(dirname "$KILN_OUT")/intruded'),
  write('the project', '$PROJECT/intruded'),
  write('the project’s state', '$PROJECT/.kiln/intruded'),
  write('the code package', '$PROJECT/jobs/intruded'),
  write('the copy of the code package', '$(dirname "$KILN_OUT")/source/intruded'),
  append('the lock', '$KILN_LOCK'),
  append('its own recipe', '$KILN_HOME/images/layers'),
  append('the Python libraries', '$KILN_HOME/.venv'),
  write('the home folder', '$HOME_FOLDER/intruded'),
  write('the home folder of root', '/root/intruded'),
  write('/etc', '/etc/intruded'),
  append('/etc/passwd', '/etc/passwd'),
  write('/usr', '/usr/intruded'),
  write('the root', '/intruded'),
  write('/dev', '/dev/intruded'),
  write('/var/lib', '/var/lib/intruded'),
];

/** What neither of the two layers declares in its layer.yaml. */
const UNDECLARED: readonly Attempt[] = [
  { name: 'find the recipe of another layer', command: '[ -e "$KILN_HOME/images/layers/node/build" ]' },
  { name: 'find files of the image that another layer takes', command: '[ -e "$KILN_HOME/images/rootfs" ]' },
  { name: 'find the kernel of the base', command: '[ -e "$KILN_OS_TREE/boot/vmlinuz" ]' },
  { name: 'find inputs of another layer in the lock', command: 'grep -q \'"use":"os"\' "$KILN_LOCK"' },
];

/** What is read-only stays so. */
const MOUNTS: readonly Attempt[] = [
  ...['/', '/usr', '$KILN_OS_TREE', '$KILN_INPUTS', '/proc'].map((path) => ({
    name: `make ${path} writable again`,
    command: `mount -o remount,bind,rw "${path}" || mount -o remount,rw "${path}"`,
  })),
  ...['/usr', '$KILN_INPUTS', '/dev', '/dev/null', '/proc'].map((path) => ({
    name: `uncover what lies under ${path}`,
    command: `umount "${path}" || umount --lazy "${path}"`,
  })),
  {
    name: 'write through a copy of a mount',
    command:
      'mkdir -p "$KILN_TMP/m" && mount --bind "$KILN_OS_TREE" "$KILN_TMP/m" && echo intruder >"$KILN_TMP/m/intruded"',
  },
  { name: 'mount a /proc of its own', command: 'mkdir -p "$KILN_TMP/p" && mount -t proc proc "$KILN_TMP/p"' },
  {
    name: 'mount the machine’s /sys',
    command: 'mkdir -p "$KILN_TMP/s" && mount -t sysfs sysfs "$KILN_TMP/s"',
  },
  {
    name: 'mount the machine’s devices',
    command: 'mkdir -p "$KILN_TMP/d" && mount -t devtmpfs devtmpfs "$KILN_TMP/d"',
  },
  {
    name: 'mount control groups',
    command:
      'mkdir -p "$KILN_TMP/c" && mount -t cgroup2 none "$KILN_TMP/c" && [ -w "$KILN_TMP/c/cgroup.procs" ] && echo 0 >"$KILN_TMP/c/cgroup.procs"',
  },
  {
    name: 'leave its root by a second chroot',
    command: python(
      'import os; t=os.environ["KILN_TMP"]; d=os.open("/",os.O_RDONLY); os.makedirs(t+"/deep",exist_ok=True); os.chroot(t+"/deep"); os.fchdir(d); [os.chdir("..") for _ in range(64)]; os.chroot("."); open(os.environ["SECRET"])',
    ),
  },
];

const DEVICES: readonly Attempt[] = [
  { name: 'make a device of memory', command: 'mknod "$KILN_TMP/mem" c 1 1' },
  {
    name: 'make a device of a disk',
    command: 'mknod "$KILN_TMP/disk" b 8 0 || mknod "$KILN_TMP/disk" b 254 0',
  },
  { name: 'make even /dev/null', command: 'mknod "$KILN_TMP/null" c 1 3' },
  ...['mem', 'kmsg', 'kvm', 'fuse', 'net/tun', 'loop-control', 'sda', 'vda', 'nvme0n1', 'port', 'ptmx'].map(
    (device) => ({ name: `find /dev/${device}`, command: `[ -e /dev/${device} ]` }),
  ),
];

const MACHINE: readonly Attempt[] = [
  ...[
    'sys/kernel/core_pattern',
    'sys/kernel/hostname',
    'sys/vm/drop_caches',
    'sysrq-trigger',
    'self/oom_score_adj',
  ].map((file) => ({
    name: `write /proc/${file}`,
    command: `value=$(cat /proc/${file} 2>/dev/null || echo 0); echo "$value" >/proc/${file}`,
  })),
  { name: 'find /sys', command: '[ -e /sys/kernel ]' },
  { name: 'set the clock', command: 'date --set=@0' },
  { name: 'read the kernel’s messages', command: 'dmesg' },
  { name: 'rename the machine', command: 'hostname intruder' },
  { name: 'gain rights by a set-user-id program', command: "grep -q '^NoNewPrivs:.0' /proc/self/status" },
  {
    name: 'have a right over devices, modules, the network or other processes',
    command: python(
      'import re; own=int(re.search("CapBnd:\\\\s+(\\\\w+)",open("/proc/self/status").read())[1],16); raise SystemExit(not own & sum(1<<n for n in (10,11,12,13,16,17,19,20,22,23,24,25,26,27,34,35,37,38,39,40)))',
    ),
  },
];

const SECRETS: readonly Attempt[] = [
  { name: 'read a secret in the home folder', command: 'cat "$SECRET"' },
  { name: 'read the machine’s passwords', command: 'cat /etc/shadow' },
  { name: 'list the home folder', command: 'ls "$HOME_FOLDER" | grep -qx secret' },
  { name: 'list the vault', command: 'ls "$CACHE/vault"' },
  { name: 'read the project’s state', command: 'ls "$PROJECT/.kiln"' },
  { name: 'read variables of who bakes', command: '[ -n "${KILN_TEST_SECRET-}" ]' },
  { name: 'read variables of the first process', command: 'cat /proc/1/environ' },
  { name: 'enter the root of the first process', command: 'ls /proc/1/root/' },
  { name: 'enter the namespaces of the first process', command: 'nsenter --target 1 --mount true' },
];

const PROCESSES: readonly Attempt[] = [
  {
    name: 'see kiln’s process',
    command: "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep -q '[c]li/main.js'",
  },
  {
    name: 'see more than a dozen processes',
    command: '[ "$(ls /proc | grep -c "^[0-9]")" -gt 12 ]',
  },
  { name: 'trace the first process', command: 'cat /proc/1/maps && [ -s /proc/1/maps ]' },
  ...['user', 'mnt', 'pid', 'net', 'ipc', 'uts', 'cgroup'].map((kind) => ({
    name: `share the machine’s ${kind} namespace`,
    command: `[[ "$NAMESPACES" == *"$(readlink /proc/self/ns/${kind})"* ]]`,
  })),
];

/** A system call by its number on x86-64; it succeeds when it gives no error. */
const call = (name: string, number: number, ...args: readonly string[]): Attempt => ({
  name,
  command: python(
    `import ctypes; raise SystemExit(ctypes.CDLL(None).syscall(${[number, ...args].join(',')}) < 0)`,
  ),
});

/** What the kernel gives to anybody, and no recipe needs. */
const KERNEL: readonly Attempt[] = [
  { name: 'run without a filter of system calls', command: "grep -q '^Seccomp:.0' /proc/self/status" },
  { name: 'make a user namespace, in which it has every right', command: 'unshare --user true' },
  call('make a user namespace for a new process', 56, '0x10000011', '0', '0', '0', '0'),
  call('be traced, and so trace', 101, '0', '0', '0', '0'),
  call('read the memory of a process', 310, 'ctypes.CDLL(None).getpid()', 'None', '0', 'None', '0', '0'),
  call('have a keyring', 250, '0', '-3', '1'),
  call('handle page faults itself', 323, '1'),
  call('have a ring of input and output', 425, '1', 'ctypes.create_string_buffer(256)'),
];

const NETWORK: readonly Attempt[] = [
  { name: 'connect to the machine’s loopback', command: '(: <>"/dev/tcp/127.0.0.1/$PORT")' },
  {
    name: 'connect to an abstract socket of the machine',
    command: python('import os,socket; socket.socket(socket.AF_UNIX).connect(chr(0)+os.environ["SOCKET"])'),
  },
  {
    name: 'see another network device than its own loopback',
    command: "tail -n +3 /proc/net/dev | grep -v '^ *lo:'",
  },
  { name: 'have a route', command: '[ -n "$(tail -n +2 /proc/net/route)" ]' },
  { name: 'add a network device', command: 'ip link add intruder type dummy' },
];

export const ATTEMPTS: readonly Attempt[] = [
  ...UNDECLARED,
  ...WRITES,
  ...MOUNTS,
  ...DEVICES,
  ...MACHINE,
  ...SECRETS,
  ...PROCESSES,
  ...KERNEL,
  ...NETWORK,
];

/** What a recipe needs and must have: without these, an attempt may fail for want of a tool. */
export const NEEDS: readonly Attempt[] = [
  ...(['$KILN_OUT', '$KILN_TMP', '/tmp', '/var/tmp', '/dev/shm'] as const).map((path) =>
    write(path, `${path}/intruded`),
  ),
  {
    name: 'write the name of a file in the machine’s /tmp',
    command: 'mkdir -p "$(dirname "$TEMPORARY")" && echo intruder >"$TEMPORARY"',
  },
  ...['null', 'zero', 'full', 'random', 'urandom'].map((device) => ({
    name: `read /dev/${device}`,
    command: `head -c 1 /dev/${device}`,
  })),
  { name: 'write /dev/null', command: 'echo >/dev/null' },
  { name: 'run Python with its libraries', command: python('import rattler, installer') },
  { name: 'read its inputs', command: 'cat "$KILN_INPUTS"/*.whl | head -c 1 | grep -q P' },
  { name: 'read the lock', command: 'grep -q sha256 "$KILN_LOCK"' },
  ...['OS_TREE/usr', 'RUNTIME_TREE/usr', 'SPARK_TREE/opt', 'HADOOP_TREE/opt', 'CONDA_TREE/opt'].map(
    (tree) => ({
      name: `read ${tree}`,
      command: `ls "$KILN_${tree}" | grep -q .`,
    }),
  ),
  { name: 'give a file to another user', command: 'echo >"$KILN_TMP/f" && chown 990:990 "$KILN_TMP/f"' },
  {
    name: 'mount a folder at another place and chroot there',
    command:
      'mkdir -p "$KILN_TMP/t" && mount --bind "$KILN_OS_TREE" "$KILN_TMP/t" && chroot "$KILN_TMP/t" /usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2 --version && umount "$KILN_TMP/t"',
  },
  {
    name: 'find the tools that the attempts use',
    command:
      'command -v mount umount mknod nsenter ip dmesg hostname date chroot find grep head tail tr readlink',
  },
];

/** The recipe: each attempt in a shell of its own, its outcome a line of the log. */
export function recipe(targets: Targets): string {
  const lines = [...NEEDS, ...ATTEMPTS].map(
    ({ name, command }) =>
      `if ( ${command} ) </dev/null >/dev/null 2>&1; then echo "attempt succeeded: ${name.replaceAll('$', '\\$')}"; else echo "attempt failed: ${name.replaceAll('$', '\\$')}"; fi`,
  );
  return [
    '#!/usr/bin/env bash',
    ...Object.entries(targets).map(([name, value]) => `export ${name}='${String(value)}'`),
    ...lines,
    'echo done >"$KILN_OUT/done"',
    '',
  ].join('\n');
}
