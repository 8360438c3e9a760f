import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Baked, Shown, errorCode } from './answers';
import { BUCKET, STACK } from './context';
import type { Context } from './context';
import { unpackSamples } from './input';
import { copyProject } from './project-copy';
import { Proof, proofTable } from './proof';
import { CommandFailed, parseAnswer } from './shell';
import type { Command } from './shell';
import { showBake, showSpark, showTerraform } from './progress';

/** Runs one command of a step, shown with its progress; kiln's answer is parsed where it is wanted. */
type Run = (command: Command) => Promise<{ readonly stdout: string }>;

export interface Step {
  readonly title: string;
  readonly work: (context: Context, run: Run) => Promise<void>;
}

/** A digest is shown by its beginning, as kiln itself takes it. */
const short = (word: string): string => (word.startsWith('sha256:') ? word.slice(0, 19) : word);

/** A kiln command; of its words only a digest is shortened where it is shown. */
const kiln = (...words: readonly string[]): Command => ({
  words: ['kiln', ...words],
  shown: ['kiln', ...words].map(short).join(' '),
});
/** The same, for an answer that the demo reads. */
const ask = (...words: readonly string[]): Command => ({
  ...kiln(...words, '--json'),
  shown: ['kiln', ...words].map(short).join(' '),
  answers: true,
});
const cdktf = (verb: 'deploy' | 'destroy'): Command => ({
  words: ['npx', 'cdktf', verb, STACK, '--auto-approve'],
  show: showTerraform,
});

/** Debian's mirrors drop superseded packages: from here on a copy of the project with newer ones is used. */
function goOnWithCopy(context: Context): void {
  context.project = join(context.folder, 'project');
  copyProject(context.home, context.project);
  context.shell.set('KILN_PROJECT', context.project);
  context.remarks.push(
    'mirrors no longer have all that the committed lock names: the demo used a refreshed copy of it, in .kiln/demo/project; `kiln lock --refresh` refreshes yours',
  );
}

async function makeChannel(context: Context, run: Run): Promise<void> {
  const make = async (...words: readonly string[]): Promise<unknown> =>
    await run({ words: ['tools/conda-channel/make', ...words], answers: true });
  try {
    await make('.kiln/channel');
  } catch (error) {
    if (!(error instanceof CommandFailed) || error.code !== 1) throw error;
    goOnWithCopy(context);
    const pins = join(context.project, 'channel-pins.json');
    await make('--refresh', '--pins', pins, join(context.project, '.kiln/channel'));
  }
}

async function bake(context: Context, run: Run): Promise<void> {
  const command = { ...ask('bake'), show: showBake(process.stdout.isTTY) };
  let answer;
  try {
    answer = await run(command);
  } catch (error) {
    if (!(error instanceof CommandFailed) || errorCode(error.stdout) !== 'pins-gone') throw error;
    goOnWithCopy(context);
    await run(kiln('lock', '--refresh'));
    answer = await run(command);
  }
  context.image = Baked.parse(parseAnswer(answer.stdout)).digest;
}

/** An image is proved once: its bits do not change. */
async function prove(context: Context, run: Run): Promise<void> {
  await run(kiln('registry', 'init'));
  const shown = await run(ask('image', 'show', context.image));
  const proved = Shown.parse(parseAnswer(shown.stdout)).verdicts.find(
    ({ kind, ok }) => kind === 'verified' && ok,
  );
  if (proved === undefined) await run(kiln('verify', context.image));
  else
    context.remarks.push(`this image was booted and proved at ${proved.at}; \`kiln verify\` does it again`);
  await run(kiln('promote', context.image, 'candidate', '--apply'));
  await run(kiln('promote', 'candidate', 'production', '--apply'));
}

/** Runs the job, fetches what it wrote, and compares it with the same computed without Spark. */
async function runJob(context: Context, run: Run): Promise<void> {
  const [input, output] = [join(context.folder, 'input'), join(context.folder, 'output')];
  const io = ['--input', `s3a://${BUCKET}/input`, '--output', `s3a://${BUCKET}/output`];
  const job = await run({
    ...kiln('run', STACK, '--', '-m', 'flights.etl', ...io),
    answers: true,
    show: showSpark,
  });
  context.report = job.stdout.trim();
  await run(
    kiln('machines', 'exec', '--cluster', STACK, '--', 'hadoop', 'fs', '-ls', `s3a://${BUCKET}/output`),
  );
  rmSync(output, { recursive: true, force: true });
  await run(kiln('store', 'get', `s3://${BUCKET}/output/`, output));
  const check = join(context.home, 'demo/check_report.py');
  const proof = await run({
    words: [join(context.home, '.venv/bin/python'), check, input, output, '--json'],
    shown: 'demo/check_report.py input output',
    answers: true,
  });
  context.proof = proofTable(Proof.parse(parseAnswer(proof.stdout)));
}

/** What README.md promises, in order. */
export const STEPS: readonly Step[] = [
  {
    title: 'Toolchain: what kiln needs, and the example’s conda channel',
    async work(context, run) {
      await run({ words: [join(context.home, 'tools/setup')], shown: 'tools/setup' });
      await makeChannel(context, run);
    },
  },
  {
    title: 'Lock: does factory.lock.json answer factory.yaml?',
    async work(context, run) {
      if (context.project !== context.home) await run(kiln('lock', '--refresh'));
      await run(kiln('lock', '--check'));
    },
  },
  { title: 'Bake: one disk image from the locked inputs', work: bake },
  {
    title: 'Boot: prove the image in QEMU, then let the channels name it',
    work: prove,
  },
  {
    title: 'Object store: Ceph radosgw, with the flights of 2013',
    async work(context, run) {
      await run(kiln('store', 'up'));
      await run(kiln('vault', 'fetch', '--use', 'samples'));
      const input = join(context.folder, 'input');
      for (const command of unpackSamples(context, input)) await run(command);
      await run(kiln('store', 'put', input, `s3://${BUCKET}/input`));
    },
  },
  {
    title: 'Deploy: one master and two workers from the production image',
    async work(_, run) {
      await run(cdktf('deploy'));
    },
  },
  {
    title: 'Job: a PySpark ETL from the store to the store, and its proof',
    work: runJob,
  },
  {
    title: 'Destroy: nothing is left',
    async work(_, run) {
      await run(cdktf('destroy'));
      await run(kiln('store', 'down'));
    },
  },
];
