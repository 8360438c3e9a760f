import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { answer, note } from './output';
import { formatDuration } from '../units';

function seconds(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 10) throw new InvalidArgumentError('seconds, at least 10');
  return value;
}

interface Options {
  readonly json?: true;
  readonly deadline?: number;
}

async function run(word: string, options: Options): Promise<void> {
  const { findProject } = await import('../project.js');
  const { hostExec } = await import('../ports/machine/exec-host.js');
  const { probeAcceleration } = await import('../machines/qemu/acceleration.js');
  const { sha256File } = await import('../registry/hash.js');
  const { verify: prove } = await import('../verify/verify.js');
  const { findSubject, kilnVersion } = await import('./subject.js');
  const { writeConsole, writeVerdict } = await import('../verify/write.js');

  const project = findProject();
  const subject = await findSubject(word);
  note(`verify: ${subject.record.digest}`);
  const { accelerator, reason } = await probeAcceleration(hostExec, project.cache);
  note(
    accelerator === 'kvm'
      ? 'verify: boots with KVM'
      : `verify: boots in emulation, which takes one to three minutes on an idle machine: ${reason}`,
  );
  const diskDigest = await sha256File(subject.disk);
  let shown = 0;
  let node = '';
  const { verdict, console } = await prove({
    disk: subject.disk,
    diskDigest,
    record: subject.record,
    accelerator,
    deadline: options.deadline ?? (accelerator === 'kvm' ? 300 : 1200),
    launcher: join(project.home, 'factory', 'machines', 'qemu', 'boot-attached'),
    version: await kilnVersion(project.home),
    onProgress: (what, after) => {
      // What the node says at once; of the console a line now and then, so that a log stays short.
      if (what.startsWith('node ') ? what === node : after < shown + 10) return;
      if (what.startsWith('node ')) node = what;
      else shown = after;
      note(`verify: ${after.toFixed(0).padStart(4)} s  ${what.slice(0, 100)}`);
    },
  });
  const log = await writeConsole(subject.folder, console);
  const file = await writeVerdict(subject.folder, verdict);
  await subject.keep?.(verdict);

  const lines = verdict.checks.map(({ name, ok, detail }) => `${ok ? '✔' : '✘'} ${name}: ${detail}`);
  const total = formatDuration(verdict.timings['total'] ?? 0);
  answer(
    options.json === true,
    { ...verdict, file, console: log },
    [
      ...lines,
      verdict.ok
        ? `verified in ${total}: ${verdict.digest}`
        : `NOT verified (${total}): the console's log is ${log}`,
    ].join('\n'),
  );
  if (!verdict.ok) process.exitCode = 1;
}

export function verify(): Command {
  return new Command('verify')
    .description('prove an image by booting it: UEFI, two emulated NVMe disks, no network')
    .argument('<image>', 'a digest or its beginning, a channel, or the path of a disk or its folder')
    .option('--deadline <seconds>', 'for the whole boot (default: 300 with KVM, 1200 without)', seconds)
    .option('--json', 'print the answer as JSON')
    .addHelpText(
      'after',
      '\nExit codes: 0 every check held, 1 a check failed, 3 it could not be tried.\n\nExample:\n  kiln verify sha256:0f3a91',
    )
    .action(run);
}
