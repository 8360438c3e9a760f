import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { ImageRecord } from '../factory/contracts/record';
import type { Result } from './result';

const HOME = resolve(__dirname, '../../..');
const FEW = 10;
const MANY = 1000;
/** Interleaved, and the quickest of each counts: others use the machine too. */
const TRIES = 5;
/** Seconds that the larger one may take. */
const GOAL = 1;

const say = (text: string): void => void process.stderr.write(`synth: ${text}\n`);
const hex = (digit: string): string => `sha256:${digit.repeat(64)}`;

/** An image as a registry knows it: a plan needs no disk. */
const RECORD: ImageRecord = {
  version: 1,
  image: 'spark-node',
  digest: hex('a'),
  size: 3 * 2 ** 30,
  contentId: hex('b'),
  lock: hex('c'),
  layers: [],
  manifest: hex('d'),
  partitions: [],
  rootHash: 'e'.repeat(64),
  versions: { spark: '4.1.4', java: '21', python: '3.13' },
  parents: [],
  bakedBy: { kiln: '0.1.0' },
};

function newProject(): string {
  const project = mkdtempSync(join(tmpdir(), 'kiln-synth-'));
  const image = join(project, '.kiln/registry/images', RECORD.digest.slice('sha256:'.length));
  for (const folder of [image, join(project, 'jobs')]) mkdirSync(folder, { recursive: true });
  for (const file of ['factory.yaml', 'environment.yml', 'jobs/pyproject.toml'])
    copyFileSync(join(HOME, file), join(project, file));
  writeFileSync(join(project, '.kiln/registry/registry.json'), '{"version":2}\n');
  writeFileSync(join(image, 'record.json'), JSON.stringify(RECORD));
  return project;
}

interface Made {
  /** From the first construct to the last file written. */
  readonly seconds: number;
  /** The same with the process: its start, and loading CDKTF and its provider. */
  readonly whole: number;
  readonly text: string;
}

function synth(project: string, workers: number): Made {
  const out = join(project, 'out');
  const began = performance.now();
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(__dirname, 'synth-alone.js'), project, RECORD.digest, String(workers)],
    { cwd: project, encoding: 'utf8', env: { ...process.env, CDKTF_OUTDIR: out } },
  );
  const whole = (performance.now() - began) / 1000;
  if (status !== 0) throw new Error(`synth of ${String(workers)} workers failed\n${stderr}`);
  const text = readFileSync(join(out, 'stacks/flights/cdk.tf.json'), 'utf8');
  return { seconds: Number(stdout), whole, text };
}

/** What a plan of many workers costs against one of few: nothing but other digits of a number. */
export function synthesis(): Promise<readonly Result[]> {
  const project = newProject();
  try {
    const [few, many]: [Made[], Made[]] = [[], []];
    for (let round = 0; round < TRIES; round += 1) {
      few.push(synth(project, FEW));
      many.push(synth(project, MANY));
      say(
        `${String(FEW)}: ${few.at(-1)?.seconds.toFixed(2) ?? ''} s, ${String(MANY)}: ${many.at(-1)?.seconds.toFixed(2) ?? ''} s`,
      );
    }
    const quickest = (made: readonly Made[], of: 'seconds' | 'whole'): number =>
      Math.min(...made.map((each) => each[of]));
    const [small, large] = [few[0]?.text ?? '', many[0]?.text ?? ''];
    const expected = small
      .replace(`"desired_capacity": ${String(FEW)},`, `"desired_capacity": ${String(MANY)},`)
      .replace(`"max_size": ${String(FEW)},`, `"max_size": ${String(MANY)},`);
    const lines = expected.split('\n');
    const differ = large.split('\n').filter((line, index) => line !== lines[index]).length;
    const took = quickest(many, 'seconds');
    return Promise.resolve([
      {
        name: `synth of ${String(MANY)} workers : of ${String(FEW)}`,
        ratio: took / quickest(few, 'seconds'),
        goal: 1.15,
        detail: `${took.toFixed(2)} s : ${quickest(few, 'seconds').toFixed(2)} s; ${quickest(many, 'whole').toFixed(2)} s with node's start`,
      },
      {
        name: `synth of ${String(MANY)} workers : 1 s`,
        ratio: took / GOAL,
        goal: 1,
        detail: `${took.toFixed(2)} s`,
      },
      {
        name: 'lines that differ beside the number',
        ratio: differ,
        goal: 0,
        detail: `${String(differ)} of ${String(lines.length)}, ${String(large.length)} bytes`,
      },
    ]);
  } finally {
    rmSync(project, { recursive: true, force: true });
  }
}
