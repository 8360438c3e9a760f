import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { answersOf } from './in-image';
import { bakedImage } from './image';
import { lockedJars } from './jars/locked';

const image = bakedImage();

/** Count and sum of the ids that were written. */
const ALL = [1000, 499_500];

const program = join(__dirname, 'jars', 'exercise.py');

describe.skipIf(typeof image === 'string')('jars of factory.yaml (needs root)', { timeout: 900_000 }, () => {
  it('bring what they need: Delta Lake and Avro do their work on the image', async () => {
    if (typeof image === 'string') throw new Error(image);
    const { inputs, files } = await lockedJars([
      'io.delta:delta-spark_4.1_2.13:4.4.0',
      'org.apache.spark:spark-avro_2.13:4.1.1',
    ]);
    const names = inputs.map(({ name }) => name);
    expect(names).toContain('io.delta:delta-storage');
    // Spark's own.
    for (const own of ['org.scala-lang:scala-library', 'org.antlr:antlr4-runtime', 'org.slf4j:slf4j-api']) {
      expect(names).not.toContain(own);
    }
    expect(answersOf(image, program, { args: ['delta', 'avro'], jars: files })).toEqual({
      // One row is changed and one, 5000, is new; then the table before that.
      delta: [[1001, 499_500 + 6993 + 5000], ALL],
      avro: [ALL, [3, 3]],
    });
  });
});
