import { basename, resolve } from 'node:path';
import { openLockPorts } from '../../../factory/cli/lock-ports';
import type { MavenInput } from '../../../factory/contracts/lock';
import { readLocked } from '../../../factory/lock';
import { resolveMaven } from '../../../factory/lock/maven';
import { askedJars } from '../../../factory/lock/maven/asked';
import { findProject } from '../../../factory/project';
import type { Placed } from '../in-image';

const project = findProject(resolve(__dirname, '../../..'));

export interface LockedJars {
  readonly inputs: readonly MavenInput[];
  /** Their files, by the names that the layer gives them. */
  readonly files: readonly Placed[];
}

/** What `kiln lock` makes of jars in this project's factory.yaml: by Maven, from this machine's repository. */
export async function lockedJars(jars: readonly string[]): Promise<LockedJars> {
  const { lock } = readLocked(project);
  const ports = openLockPorts(project, () => undefined);
  try {
    const { choices } = lock;
    const spark = lock.inputs.find(({ use }) => use === 'spark');
    const { inputs } = await resolveMaven(
      {
        hadoop: choices.hadoop.value,
        client: false,
        committer: undefined,
        jars: askedJars(
          jars.map((jar) => ({ jar })),
          (index) => jars[index] ?? '',
        ),
        image: {
          ...{ spark: choices.spark.value, scala: choices.scala.value, hadoop: choices.hadoop.value },
          java: Number(choices.java.value),
        },
        spark: () =>
          spark === undefined ? Promise.reject(new Error('no Spark is locked')) : Promise.resolve(spark),
        slim: () => undefined,
      },
      lock.inputs,
      { ...ports, base: () => ports.mirrors.base('maven') },
    );
    const own = inputs.filter(({ use }) => use === 'jars');
    return {
      inputs: own,
      files: await Promise.all(
        own.map(async (input) => ({ from: await ports.file(input), to: basename(input.path) })),
      ),
    };
  } finally {
    await ports.channels.close();
  }
}
