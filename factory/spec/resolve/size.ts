import type { Lock } from '../../contracts/lock';
import type { Spec } from '../../contracts/spec';
import { type SparkLine, SPARK_LINES } from '../compatibility';
import type { Refusal } from './refusal';
import { list } from './words';

/** What is left out of an image because nothing in it was ever seen to load it. */
type Choices = Pick<Lock['choices'], 'jars' | 'sdkClasses' | 'classData'>;

const lines = (has: (line: SparkLine) => boolean): string =>
  list(SPARK_LINES.filter(has).map(({ line }) => line));

/** The pairs of Hadoop and SDK whose S3A was run with a few of the SDK's services alone. */
const SLIM_SDK = ['3.4.2 software.amazon.awssdk:bundle:2.29.52'];

export function refuseSize(spec: Spec, line: SparkLine): Refusal[] {
  return [
    ...(spec.jars === 'slim' && line.slim === undefined
      ? [
          {
            path: ['jars'],
            what: `which jars Spark ${line.line} can do without was never proven`,
            hint: `jars: full; slim is known for ${lines(({ slim }) => slim !== undefined)}`,
          },
        ]
      : []),
    ...(spec.classData === 'shared' && line.classData === undefined
      ? [
          {
            path: ['classData'],
            what: `there is no list of the classes that Spark ${line.line} loads`,
            hint: `classData: none; there is one for ${lines(({ classData }) => classData !== undefined)}`,
          },
        ]
      : []),
  ];
}

export const chooseSize = (spec: Spec, line: SparkLine): Choices => ({
  jars: chooseJars(spec.jars, line),
  sdkClasses: chooseSdkClasses(spec.jars, line),
  classData: chooseClassData(spec.classData, line),
});

function chooseJars(asked: Spec['jars'], line: SparkLine): Choices['jars'] {
  const value = asked ?? (line.slim === undefined ? 'full' : 'slim');
  const why =
    value === 'full'
      ? 'all that Spark was released with'
      : `without what standalone Spark never loads: no Kubernetes, YARN or Scala shell of Connect; proven by ${line.slim ?? ''}`;
  if (asked !== undefined) return { value, reason: `factory.yaml: jars; ${why}` };
  const by = `compatibility table, Spark ${line.line}`;
  return { value, reason: value === 'full' ? `${by}: slim was not proven; ${why}` : `${by}: ${why}` };
}

function chooseSdkClasses(asked: Spec['jars'], { s3a }: SparkLine): Choices['sdkClasses'] {
  const proven = SLIM_SDK.includes(`${s3a.hadoop} ${s3a.sdk}`);
  if (asked === 'full') return { value: 'full', reason: 'factory.yaml: jars' };
  return proven
    ? {
        value: 'slim',
        reason: `no AWS service but S3's and those it logs in by: Hadoop ${s3a.hadoop} loads no other; proven by test/e2e/slim.test.ts`,
      }
    : { value: 'full', reason: `slim was not proven with Hadoop ${s3a.hadoop}` };
}

function chooseClassData(asked: Spec['classData'], line: SparkLine): Choices['classData'] {
  const value = asked ?? (line.classData === undefined ? 'none' : 'shared');
  if (asked !== undefined) return { value, reason: 'factory.yaml: classData' };
  const by = `compatibility table, Spark ${line.line}`;
  return {
    value,
    reason:
      line.classData === undefined
        ? `${by}: no list of its classes was proven`
        : `${by}: one archive of loaded classes for all its processes; proven by ${line.classData}`,
  };
}
