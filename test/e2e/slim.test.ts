import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { bakedImage } from './image';

const home = resolve(__dirname, '..', '..');
const image = bakedImage();

/** Count and sum of the ids that were written. */
const ALL = [1000, 499_500];

describe.skipIf(typeof image === 'string')(
  'Spark with the jars of the image (needs root)',
  { timeout: 600_000 },
  () => {
    it('still does one thing of every part, and its answers are right', () => {
      if (typeof image === 'string') throw new Error(image);
      const root = image.record.partitions.find((each) => each.name === 'root');
      if (root === undefined) throw new Error('the image has no root partition');
      const folder = mkdtempSync(join(tmpdir(), 'kiln-slim-'));
      onTestFinished(() => {
        rmSync(folder, { recursive: true, force: true });
      });
      const answers = join(folder, 'work', 'answers');
      mkdirSync(answers, { recursive: true });
      // A network of its own: the ports it listens on are nobody else's.
      execFileSync(
        'unshare',
        [
          ...['--mount', '--net', '--pid', '--fork', '--kill-child', '--'],
          ...[join(home, 'test', 'e2e', 'slim', 'in-image'), join(image.folder, 'image.raw')],
          ...[String(root.start), String(root.size), folder],
        ],
        { stdio: ['ignore', 'ignore', 'pipe'], maxBuffer: 1 << 26 },
      );
      const told = z
        .object({ answers: z.record(z.string(), z.unknown()) })
        .parse(JSON.parse(readFileSync(join(answers, 'answers.json'), 'utf8')));
      expect(told.answers).toEqual({
        formats: {
          'parquet snappy': ALL,
          'parquet zstd': ALL,
          'parquet lz4_raw': ALL,
          'parquet gzip': ALL,
          'orc zlib': ALL,
          'orc snappy': ALL,
          'orc zstd': ALL,
          'orc lz4': ALL,
          'csv gzip': ALL,
          'json bzip2': ALL,
          'json lz4': ALL,
        },
        shuffles: { lz4: 4000, snappy: 4000, zstd: 4000, lzf: 4000 },
        // In the last, ids of one of seven classes: 3, 10, ... 997.
        hive: [ALL, ALL, [143, 71_500]],
        windows: 71_929,
        pandas_udf: [249_750, 1000],
        rocksdb: [1000, true],
        mllib: [100, [0.49, 10.5], true],
        graphx: [10, 10],
        connect: 42,
        natives: { epoll: true, openssl: true },
        sdk: ['s3', 's3', 'sts', 'kms', 'awsssoportal', 'sso-oauth', 's3'],
        ui: 1,
      });
    });
  },
);
