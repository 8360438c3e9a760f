import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { probeAcceleration } from '../../factory/machines/qemu/acceleration';
import { hostExec } from '../../factory/ports/machine/exec-host';
import { findProject } from '../../factory/project';
import { FOREIGN, blank, digest } from './guest/disk-content';
import { Guest, type NvmeDisk, type Snapshot } from './guest/guest';
import {
  type DiskPolicy,
  PLAIN_SEED,
  SECRET,
  SERIAL,
  configure,
  mounted,
  standby,
  start,
  status,
} from './guest/node';
import { bakedImage } from './image';

/*
 * The ground a node stands on, on the image itself: configuration, disks, seal. The image is booted once without
 * a node.json and put to sleep; every case wakes a machine of its own from there and plugs its disks in, emulated
 * NVMe all. What is longer than a few cases runs by `make test-all`.
 */

const found = bakedImage();
const ALL = process.env['KILN_TEST_ALL'] !== undefined;
const RAID0 = { level: 'raid0', disks: 2, fstype: 'xfs' };

const Timings = z.object({
  parts: z.array(z.object({ name: z.string(), tookMs: z.number(), atMs: z.number() })),
});

const FOLDER = 'kiln-ground-e2e-';

/** Folders of runs that were killed: their machines ended with them, gigabytes of memory and disks did not. */
function forgetKilled(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = new RegExp(`^${FOLDER}(\\d+)-`).exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`))
      rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
}

describe.skipIf(typeof found === 'string')('the ground of a node, which needs root', () => {
  if (typeof found === 'string') return;
  const { record } = found;
  let folder: string;
  let asleep: Snapshot;
  let timings: string;
  let count = 0;

  beforeAll(async () => {
    forgetKilled();
    folder = mkdtempSync(join(tmpdir(), `${FOLDER}${String(process.pid)}-`));
    const { accelerator } = await probeAcceleration(
      hostExec,
      findProject(resolve(__dirname, '..', '..')).cache,
    );
    const guest = await Guest.boot({
      folder: join(folder, 'booted'),
      image: join(found.folder, 'image.raw'),
      accelerator,
      seed: PLAIN_SEED,
      credentials: { [SECRET]: 'a secret of this test alone' },
    });
    try {
      // No node.json: kiln-validate has failed, and the machine is up all the same.
      await guest.run('systemctl is-system-running --wait', 1_100_000);
      expect((await status(guest)).fault?.what).toMatch(/^no node.json/);
      // It ends with 1: this node has failed.
      timings = (await guest.run('kiln-status --timings --json')).output;
      asleep = await guest.sleep();
    } finally {
      await guest.stop();
    }
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  /** Whatever a case writes, it writes to a machine and a folder of its own. */
  async function onMachine(
    work: (guest: Guest, at: (name: string) => string) => Promise<void>,
  ): Promise<void> {
    const own = join(folder, `case-${String(count++)}`);
    const guest = await Guest.wake(asleep, own);
    try {
      await work(guest, (name) => join(own, name));
    } finally {
      await guest.stop();
      rmSync(own, { recursive: true, force: true });
    }
  }

  const disk = (index: number, file: string, more: Partial<NvmeDisk> = {}): NvmeDisk => ({
    serial: `${SERIAL}${String(index)}`,
    file,
    ...more,
  });

  async function plugBlank(guest: Guest, at: (name: string) => string, disks: number): Promise<string[]> {
    const files = Array.from({ length: disks }, (_, index) => blank(at(`disk-${String(index)}`)));
    for (const [index, file] of files.entries()) await guest.plug(disk(index, file));
    return files;
  }

  /** Starts scratch by a policy; what came of it, with what the kernel has. */
  async function scratch(guest: Guest, policy: Partial<DiskPolicy> = {}): Promise<string | typeof RAID0> {
    await configure(guest, standby(record, policy));
    const { fault } = await start(guest);
    if (fault !== null) {
      expect(await mounted(guest)).toBeUndefined();
      return fault.what;
    }
    return (await mounted(guest)) ?? 'nothing is mounted';
  }

  it('its boot is measured by phase, kernel and initrd apart', () => {
    const { parts } = Timings.parse(JSON.parse(timings));
    // systemd-boot cannot tell the time under QEMU without KVM: what comes before the kernel is then not known.
    const names = parts.map(({ name }) => name).filter((name) => name !== 'firmware' && name !== 'loader');
    expect(names.slice(0, 2)).toEqual(['kernel', 'initrd']);
    expect(parts.at(-1)?.name).toBe('failed');
    for (const { name, tookMs } of parts) expect(tookMs, name).toBeGreaterThan(0);
    const ends = parts.map(({ atMs }) => atMs);
    expect(ends).toEqual([...ends].sort((a, b) => a - b));
  });

  it('a faulty node.json is told whole, and the machine stays up and out of Spark', async () => {
    await onMachine(async (guest) => {
      const faulty = { ...standby(record), role: 'boss', cluster: 'No Name', extra: 1 };
      await configure(guest, faulty);
      const { phase, fault } = await start(guest);
      expect(phase).toBe('failed');
      for (const place of ['role: ', 'cluster: ', 'extra: ']) expect(fault?.what).toContain(place);
      const told = await guest.run('kiln-status');
      expect(told.code).toBe(1);
      expect(told.output).toMatch(/what to do/);
      expect(guest.console()).toMatch(/kiln: .* FAILED .* in kiln-validate.service/);
      await guest.must('systemctl is-active ssh.socket ssh.service | grep -qx active');
      expect(
        (await guest.run('systemctl is-active spark-worker.service spark-master.service')).code,
      ).not.toBe(0);

      const other = {
        ...standby(record),
        image: { digest: record.digest, contentId: `sha256:${'0'.repeat(64)}` },
      };
      await configure(guest, other);
      expect((await start(guest)).fault?.what).toMatch(/not the image that the cluster was deployed with/);
    });
  });

  it('nothing writes the sealed root, and Spark’s user reads neither configuration nor secret', async () => {
    await onMachine(async (guest) => {
      await configure(guest, standby(record));
      for (const attempt of [
        'touch /usr/x',
        'touch /opt/x',
        'mount -o remount,rw /',
        'dd if=/dev/zero of=/dev/mapper/root bs=4096 count=1',
        'rm /opt/spark/bin/spark-submit',
      ])
        expect(await guest.run(attempt), attempt).not.toMatchObject({ code: 0 });
      const asSpark = (command: string): string => `runuser -u spark -- ${command}`;
      await guest.must(asSpark('cat /opt/spark/bin/spark-submit >/dev/null'));
      for (const secret of [
        '/etc/kiln/node.json',
        '/var/lib/cloud/instance/user-data.txt',
        `/run/credentials/@system/${SECRET}`,
      ]) {
        await guest.must(`test -s ${secret}`);
        expect((await guest.run(asSpark(`cat ${secret}`))).output, secret).toMatch(/Permission denied/);
      }
    });
  });

  it('two blank disks become a striped, mounted scratch, and a second start changes nothing', async () => {
    await onMachine(async (guest, at) => {
      const files = await plugBlank(guest, at, 2);
      const before = files.map(digest);
      await configure(guest, standby(record));
      const plan = JSON.parse(await guest.must('kiln-scratch plan')) as {
        readonly action: string;
        readonly disks: readonly {
          readonly path: string;
          readonly taken: boolean;
          readonly reason: string;
        }[];
      };
      expect(plan.action).toBe('create');
      expect(plan.disks.filter(({ taken }) => taken).map(({ reason }) => reason)).toEqual(['blank', 'blank']);
      expect(plan.disks.find(({ path }) => path === '/dev/vda')?.reason).toMatch(/^not selected/);
      expect(files.map(digest)).toEqual(before);

      expect(await scratch(guest)).toEqual(RAID0);
      await guest.must(
        'systemctl start kiln-configure.service && systemctl start kiln-exporter.service',
        120_000,
      );
      const metrics = await guest.must(
        // It is up before it listens.
        "until (exec 3<>/dev/tcp/127.0.0.1/9477 && printf 'GET /metrics HTTP/1.0\\r\\n\\r\\n' >&3 && cat <&3); do sleep 0.5; done",
      );
      expect(metrics).toMatch(/^kiln_scratch_size_bytes(\{.*\})? [1-9]/m);
      expect(metrics).toMatch(/^kiln_seal_intact(\{.*\})? 1/m);
      expect(metrics).toMatch(/^kiln_clock_greatest_error_seconds(\{.*\})? \d/m);
      await guest.must(
        'echo kept >/scratch/tmp/kept && blkid -o value -s UUID /dev/md/kiln-scratch >/run/before',
      );
      await guest.must('kiln-scratch apply');
      expect(await scratch(guest)).toEqual(RAID0);
      await guest.must(
        'grep -qx kept /scratch/tmp/kept && blkid -o value -s UUID /dev/md/kiln-scratch | cmp - /run/before',
      );
    });
  });

  it.each(Object.entries(FOREIGN).filter(([kind]) => ALL || kind === 'ext4'))(
    'a disk with %s stops it, and stays as it is to the byte',
    async (_, { tells, put }) => {
      await onMachine(async (guest, at) => {
        const [theirs, ours] = [blank(at('theirs')), blank(at('ours'))];
        put(theirs);
        const before = [digest(theirs), digest(ours)];
        await guest.plug(disk(0, theirs));
        await guest.plug(disk(1, ours));
        expect(await scratch(guest)).toMatch(new RegExp(`not free: /dev/nvme\\dn1: .*(${tells})`));
        await guest.stop();
        expect([digest(theirs), digest(ours)]).toEqual(before);
      });
    },
  );

  describe.skipIf(!ALL)('the whole matrix, which `make test-all` runs', () => {
    it('a disk of another array stops it, and stays as it is to the byte', async () => {
      await onMachine(async (guest, at) => {
        const files = await plugBlank(guest, at, 2);
        await guest.must(
          'mdadm --create /dev/md/data --run --homehost=any --name=data --level=1 --raid-devices=2 /dev/nvme0n1 missing && udevadm settle && mdadm --stop /dev/md/data && udevadm settle && sync',
        );
        const before = files.map(digest);
        expect(await scratch(guest)).toMatch(/part of another array: data/);
        await guest.stop();
        expect(files.map(digest)).toEqual(before);
      });
    });

    it.each([1, 4])('%i blank disks become one scratch', async (disks) => {
      await onMachine(async (guest, at) => {
        await plugBlank(guest, at, disks);
        expect(await scratch(guest, { disks })).toEqual({ ...RAID0, disks });
      });
    });

    it('no disk, or one too few, fails by policy; degrade takes what is there', async () => {
      await onMachine(async (guest, at) => {
        expect(await scratch(guest)).toMatch(/^0 of 2 disks/);
        await plugBlank(guest, at, 1);
        expect(await scratch(guest)).toMatch(/^1 of 2 disks/);
        expect(await scratch(guest, { missing: 'degrade' })).toEqual({ ...RAID0, disks: 1 });
      });
    });

    it('a disk that comes 20 s late is waited for', async () => {
      await onMachine(async (guest, at) => {
        await plugBlank(guest, at, 1);
        const late = blank(at('late'));
        await configure(guest, standby(record, { deadline: 240 }));
        await guest.must('systemctl start --no-block kiln-scratch.service');
        await sleep(20_000);
        expect((await status(guest)).phase).toBe('validated');
        await guest.plug(disk(1, late));
        await guest.must('systemctl start kiln-scratch.service', 600_000);
        expect(await mounted(guest)).toEqual(RAID0);
      });
    });

    it('a disk too many, or of another size, is no guess', async () => {
      await onMachine(async (guest, at) => {
        const files = await plugBlank(guest, at, 3);
        const before = files.map(digest);
        expect(await scratch(guest)).toMatch(/^3 disks fit .* expected 2/);
        await guest.unplug(`${SERIAL}2`);
        await guest.unplug(`${SERIAL}1`);
        await guest.plug(disk(1, blank(at('large'), 1024)));
        expect(await scratch(guest)).toMatch(/differ in size/);
        await guest.stop();
        expect(files.map(digest)).toEqual(before);
      });
    });

    it('disks are found by WWN and by size as well', async () => {
      await onMachine(async (guest, at) => {
        await plugBlank(guest, at, 2);
        await guest.plug({ serial: 'somebodys', file: blank(at('large'), 2048) });
        const wwns = (await guest.must('lsblk -dno WWN /dev/nvme0n1 /dev/nvme1n1')).trim().split('\n');
        expect(new Set(wwns).size).toBe(2);
        expect(await scratch(guest, { select: { wwns } })).toEqual(RAID0);
        await guest.must('umount /scratch && mdadm --stop /dev/md/kiln-scratch');
        expect(await scratch(guest, { select: { minGiB: 2, maxGiB: 2 }, disks: 1 })).toEqual({
          ...RAID0,
          disks: 1,
        });
      });
    });

    it('foreign data go only from the disk whose serial says so', async () => {
      await onMachine(async (guest, at) => {
        const files = ['a', 'b'].map((name) => blank(at(name)));
        for (const [index, file] of files.entries()) {
          FOREIGN['a GPT with a partition']?.put(file);
          await guest.plug(disk(index, file));
        }
        const before = files.map(digest);
        const first = `${SERIAL}0`;
        expect(await scratch(guest, { erase: [first] })).toMatch(/not free: \/dev\/nvme1n1/);
        expect(files.map(digest)).toEqual(before);
        expect(await scratch(guest, { erase: [first, `${SERIAL}1`] })).toEqual(RAID0);
      });
    });

    it('a disk that was replaced makes scratch anew', async () => {
      await onMachine(async (guest, at) => {
        await plugBlank(guest, at, 2);
        expect(await scratch(guest)).toEqual(RAID0);
        await guest.must(
          'echo gone >/scratch/tmp/gone && umount /scratch && mdadm --stop /dev/md/kiln-scratch',
        );
        await guest.unplug(`${SERIAL}1`);
        await guest.plug(disk(1, blank(at('new'))));
        expect(await scratch(guest)).toEqual(RAID0);
        expect((await guest.run('test -e /scratch/tmp/gone')).code).toBe(1);
      });
    });

    it('disks are known again under another host name, and assembled as md127', async () => {
      await onMachine(async (guest, at) => {
        const files = await plugBlank(guest, at, 2);
        expect(await scratch(guest)).toEqual(RAID0);
        await guest.must(
          'echo kept >/scratch/tmp/kept && umount /scratch && mdadm --stop /dev/md/kiln-scratch',
        );
        for (const index of [0, 1]) await guest.unplug(`${SERIAL}${String(index)}`);
        await guest.must('hostnamectl set-hostname another');
        // In the other order, and by whoever was first, with a name of its own choice.
        for (const index of [1, 0]) await guest.plug(disk(index, files[index] ?? ''));
        await guest.must('mdadm --assemble /dev/md127 /dev/nvme0n1 /dev/nvme1n1 && udevadm settle');
        expect(await scratch(guest)).toEqual(RAID0);
        await guest.must('grep -qx kept /scratch/tmp/kept');
      });
    });

    it('killed after any of its steps, the next start completes it', { timeout: 3_000_000 }, async () => {
      await onMachine(async (guest, at) => {
        await configure(guest, standby(record));
        for (let step = 1; ; step += 1) {
          const files = [0, 1].map((index) => blank(at(`disk-${String(step)}-${String(index)}`)));
          for (const [index, file] of files.entries()) await guest.plug(disk(index, file));
          const killed = await guest.run(killer(step), 600_000);
          expect([0, 137]).toContain(killed.code);
          expect(await scratch(guest), `after step ${String(step)}`).toEqual(RAID0);
          await guest.must('umount /scratch && mdadm --stop /dev/md/kiln-scratch');
          for (const index of [0, 1]) await guest.unplug(`${SERIAL}${String(index)}`);
          // Two erasures, array, wipefs, mkfs, mount and what waits for udev between them; reads are none:
          // dozens, of which none finds the disks otherwise than the one before it.
          expect(step).toBeLessThan(20);
          if (killed.code === 0) {
            expect(step).toBeGreaterThan(8);
            return;
          }
        }
      });
    });

    it('a disk that refuses writes is left alone, and one that fails is named', async () => {
      await onMachine(async (guest, at) => {
        const [kept, good] = [blank(at('kept')), blank(at('good'))];
        await guest.plug(disk(0, kept, { readOnly: true }));
        await guest.plug(disk(1, good));
        // Told by the kernel beforehand, or found out by the first write, as the emulated controller and the kernel are.
        expect(await scratch(guest)).toMatch(/nvme\dn1(: is read-only| cannot be written)/);
        expect(digest(kept)).toBe(digest(blank(at('blank'))));
        await guest.unplug(`${SERIAL}0`);

        await guest.plug(disk(0, kept, { errors: [{ event: 'read_aio', errno: 5, once: false }] }));
        expect(await scratch(guest)).toMatch(/nvme\dn1: (cannot be judged|has no size)/);
        await guest.unplug(`${SERIAL}0`);
        expect(digest(kept)).toBe(digest(blank(at('blank'))));

        await guest.plug(disk(0, kept, { errors: [{ event: 'write_aio', errno: 5, once: false }] }));
        expect(await scratch(guest)).toMatch(/nvme\dn1 cannot be written: Input\/output error/);
        expect((await guest.run('systemctl is-active ssh.socket ssh.service | grep -qx active')).code).toBe(
          0,
        );
      });
    });

    it('a member that goes while scratch is mounted is told at the next start', async () => {
      await onMachine(async (guest, at) => {
        await plugBlank(guest, at, 2);
        expect(await scratch(guest)).toEqual(RAID0);
        await guest.unplug(`${SERIAL}1`);
        const { fault } = await start(guest);
        expect(fault?.what).toMatch(
          /1 of 2 disks|is broken|cannot be judged|cannot be written|not all there/,
        );
      });
    });

    it(
      'after five starts that came to nothing it powers itself off, and says why',
      { timeout: 1_500_000 },
      async () => {
        await onMachine(async (guest) => {
          await guest.must('echo 5 >/run/kiln-state/boots && sync');
          // As after a panic: no orderly stop. The shell ends with the machine, so nobody answers.
          void guest.run('echo b >/proc/sysrq-trigger').catch(() => undefined);
          await guest.off(1_200_000);
          expect(guest.console()).toMatch(/5 starts in a row ended without an orderly stop/);
        });
      },
    );

    it(
      'a restart keeps scratch and state; blank disks and a reset begin anew',
      { timeout: 3_000_000 },
      async () => {
        await onMachine(async (guest, at) => {
          await plugBlank(guest, at, 2);
          expect(await scratch(guest)).toEqual(RAID0);
          await guest.must(
            'echo kept | tee /scratch/tmp/kept >/var/lib/kept && systemctl enable --now kiln.target',
          );
          const ids = await guest.must('cat /etc/machine-id /etc/ssh/ssh_host_ed25519_key.pub');
          await restart(guest);
          expect(await mounted(guest)).toEqual(RAID0);
          await guest.must('grep -qx kept /scratch/tmp/kept && grep -qx kept /var/lib/kept');
          expect(await guest.must('cat /etc/machine-id /etc/ssh/ssh_host_ed25519_key.pub')).toBe(ids);

          // As a stopped instance comes back: the same root, disks that remember nothing.
          await guest.must('kiln-node reset');
          await guest.must('umount /scratch && mdadm --stop /dev/md/kiln-scratch');
          for (const index of [0, 1]) {
            await guest.unplug(`${SERIAL}${String(index)}`);
            await guest.plug(disk(index, blank(at(`new-${String(index)}`))));
          }
          await restart(guest);
          // The reset has taken node.json along: given again, as cloud-init does.
          expect((await guest.run('test -e /var/lib/kept || test -e /etc/kiln/node.json')).code).toBe(1);
          expect(await guest.must('cat /etc/machine-id /etc/ssh/ssh_host_ed25519_key.pub')).not.toBe(ids);
          expect(await scratch(guest)).toEqual(RAID0);
          expect((await guest.run('test -e /scratch/tmp/kept')).code).toBe(1);
        });
      },
    );
  });

  /** Restarts the system, and returns when it is up again. */
  async function restart(guest: Guest): Promise<void> {
    const before = await guest.must('cat /proc/sys/kernel/random/boot_id');
    await guest.must('systemctl --no-block reboot');
    const until = Date.now() + 1_200_000;
    while (Date.now() < until) {
      await sleep(2000);
      const now = await guest.run('cat /proc/sys/kernel/random/boot_id', 20_000).catch(() => undefined);
      if (now?.code === 0 && now.output !== before) {
        await guest.run('systemctl is-system-running --wait', 1_200_000);
        return;
      }
    }
    throw new Error('the machine did not come up again');
  }
});

/** Runs the executor in the guest, ended by SIGKILL after so many of its writes and programs; those that read do not count. */
const killer = (steps: number): string => `python3 - <<'PYTHON'
import os, signal, sys
sys.path.insert(0, "/usr/lib/kiln")
from kiln_node import paths
from kiln_node.host import commands
from kiln_node.nodejson import config
from kiln_node.scratch import devices, step

left = ${String(steps)}
READS = ("lsblk", "blkid", "blockdev", "--examine", "--detail", "--no-act", "of=/dev/null")

def count(result):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return result

class Commands(commands.HostCommands):
    def run(self, argv, **more):
        answer = super().run(argv, **more)
        return answer if any(word in READS for word in argv) else count(answer)

class Devices(devices.HostDevices):
    def erase(self, path):
        count(super().erase(path))

step.HostDevices = Devices
step.run(config.load(paths.NODE_JSON, paths.SCHEMA), Commands())
PYTHON`;
