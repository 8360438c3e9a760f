import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ImageRecord } from '../../../factory/contracts/record';
import { hostExec } from '../../../factory/ports/machine/exec-host';
import type { BakedImage } from '../image';

const HOME = resolve(__dirname, '../../..');

/** Versions of the environment's packages by Python, as tools/conda-channel/pins-PYTHON.json has them. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  '3.9': ['numpy=1.23', 'pandas=1.5', 'pyarrow=11'],
  '3.11': ['numpy=1.26', 'pandas=2.2', 'pyarrow=17'],
};

/** A team's project for one release of Spark, from its files to an image. */
export class LineProject {
  readonly folder: string;

  constructor(
    readonly release: string,
    readonly python: string,
    readonly java: number,
  ) {
    mkdirSync(join(HOME, '.kiln'), { recursive: true });
    this.folder = mkdtempSync(join(HOME, '.kiln', `line-${release}-`));
    cpSync(join(__dirname, 'package'), join(this.folder, 'code'), { recursive: true });
    const dependencies = [`python=${python}`, ...(PACKAGES[python] ?? [])];
    writeFileSync(
      join(this.folder, 'environment.yml'),
      `name: line\nchannels: [example]\ndependencies:\n${dependencies.map((one) => `  - ${one}\n`).join('')}`,
    );
    writeFileSync(
      join(this.folder, 'factory.yaml'),
      [
        'image: spark-node',
        `spark: ${release}`,
        `java: ${String(java)}`,
        'conda:',
        '  environment: environment.yml',
        `  channels: { example: ${join(HOME, '.kiln', `channel-${python}`)} }`,
        'code: code',
        'channels: { candidate: {} }',
        '',
      ].join('\n'),
    );
  }

  /** Locks and bakes. */
  async image(): Promise<BakedImage> {
    const pins = join(HOME, 'tools/conda-channel', `pins-${this.python}.json`);
    const channel = join(HOME, '.kiln', `channel-${this.python}`);
    await hostExec.run(join(HOME, 'tools/conda-channel/make'), [channel, '--pins', pins]);
    for (const command of ['lock', 'bake'])
      await hostExec.run(join(HOME, 'bin/kiln'), [command], { cwd: this.folder });
    const images = join(this.folder, '.kiln/images');
    const [hex = ''] = readdirSync(images);
    const folder = join(images, hex);
    return {
      folder,
      record: ImageRecord.parse(JSON.parse(readFileSync(join(folder, 'record.json'), 'utf8'))),
    };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
