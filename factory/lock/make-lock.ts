import { join } from 'node:path';
import type { CondaInput, Lock } from '../contracts/lock';
import type { Channels } from '../ports/inputs/channels';
import type { Exec } from '../ports/machine/exec';
import type { Http } from '../ports/inputs/http';
import type { Mirrors } from '../ports/inputs/mirrors';
import { PythonIndex } from '../ports/inputs/python-index';
import type { Project } from '../project';
import { withoutOf, type Asked } from './asked';
import { resolveConda } from './conda';
import { resolveDebian } from './debian';
import { debianSources, jdkPackage } from './debian/jdk';
import { resolveMaven, type Keep } from './maven';
import { resolvePypi } from './pypi';
import type { WheelTarget } from './pypi/wheel-tags';
import { compareInputs } from './serialise';
import type { Step } from './step';
import { noneFails } from './none-fails';

export interface LockPorts {
  readonly exec: Exec;
  readonly http: Http;
  readonly mirrors: Mirrors;
  readonly channels: Channels;
  readonly keep: Keep;
  readonly step: Step;
}

const pythonIn = (packages: readonly CondaInput[]): CondaInput | undefined =>
  packages.find(({ name }) => name === 'python');

/**
 * Asks every registry and puts the answers together; writes nothing.
 * @param before the lock that is there, for pins of files that never change.
 */
export async function makeLock(
  project: Project,
  asked: Asked,
  before: Lock | undefined,
  ports: LockPorts,
): Promise<Lock> {
  const { spec, environment, resolution } = asked;
  const { mirrors, step } = ports;
  const { choices } = resolution;
  const solved = resolveConda(
    {
      file: spec.conda.environment,
      environment,
      line: resolution.line,
      glibc: resolution.suite.glibc,
      home: project.home,
      cache: join(project.cache, 'conda'),
      needs: {
        file: join(spec.code, 'pyproject.toml'),
        requires: asked.code.requires,
        requiresPython: asked.code.requiresPython,
        spark: spec.spark,
      },
    },
    ports,
  );
  const target = async (): Promise<WheelTarget> => ({
    python: pythonIn(await solved)?.version ?? choices.python.value,
    glibc: resolution.suite.glibc,
  });
  const work = [
    resolveDebian(
      debianSources(resolution),
      [
        {
          use: 'os',
          names: [
            '?essential',
            ...asked.packages.os,
            jdkPackage(resolution.jdk),
            ...spec.debs,
          ],
        },
        { use: 'tools', names: asked.packages.tools },
        { use: 'code', names: asked.packages.code, alone: true },
      ],
      ports,
    ),
    resolvePypi(
      {
        spark: spec.spark,
        samples: spec.samples,
        buildRequires: asked.code.buildRequires,
        target,
        home: project.home,
      },
      {
        ...ports,
        index: new PythonIndex(ports.http, () => mirrors.base('pypi')),
        base: () => mirrors.base('pypi'),
      },
    ),
    resolveMaven(
      {
        hadoop: choices.hadoop.value,
        client: choices.s3a.value === 'replaced',
        committer: resolution.committer,
        jars: spec.maven,
      },
      before?.inputs ?? [],
      { ...ports, base: () => mirrors.base('maven') },
    ),
    solved,
  ] as const;
  await noneFails(work);
  const [debian, pypi, maven, conda] = await Promise.all(work);
  step('all sources answered');
  const python = pythonIn(conda);
  const { group, artifact, version } = maven.sdk;
  return {
    version: 1,
    image: spec.image,
    spec: asked.digest,
    epoch: debian.epoch,
    choices: {
      ...choices,
      python:
        python === undefined ? choices.python : { value: python.version, reason: choices.python.reason },
      sdk: {
        value: `${group}:${artifact}:${version}`,
        reason: `named by the poms of hadoop-aws ${choices.hadoop.value}`,
      },
    },
    condaWithout: withoutOf(spec),
    inputs: [...debian.inputs, ...pypi, ...maven.inputs, ...conda].sort(compareInputs),
  };
}
