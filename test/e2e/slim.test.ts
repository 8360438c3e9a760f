import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { answersOf } from './in-image';
import { bakedImage } from './image';

const image = bakedImage();

/** Count and sum of the ids that were written. */
const ALL = [1000, 499_500];

describe.skipIf(typeof image === 'string')(
  'Spark with the jars of the image (needs root)',
  { timeout: 600_000 },
  () => {
    it('still does one thing of every part, and its answers are right', () => {
      if (typeof image === 'string') throw new Error(image);
      const told = answersOf(image, join(__dirname, 'slim', 'exercise.py'));
      expect(told).toEqual({
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
