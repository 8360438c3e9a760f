import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CondaInput, Input, Lock, PypiInput } from '../contracts/lock';
import type { Channels } from '../ports/inputs/channels';
import type { Exec } from '../ports/machine/exec';
import type { Http } from '../ports/inputs/http';
import type { Maven } from '../ports/inputs/maven';
import type { Mirrors } from '../ports/inputs/mirrors';
import { PythonIndex, normalised } from '../ports/inputs/python-index';
import type { Project } from '../project';
import { withoutOf, type Asked } from './asked';
import { resolveConda, type CondaSolved } from './conda';
import { resolvePip } from './conda/pip';
import { resolveDebian } from './debian';
import { debianSources, jdkPackage } from './debian/jdk';
import { resolveMaven, type Keep } from './maven';
import { askedJars } from './maven/asked';
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
  readonly maven: Maven;
  /** The file of an input, downloaded if it is not here. */
  readonly file: (input: Input) => Promise<string>;
  /** The files of many, in the same order, downloaded side by side. */
  readonly files: (inputs: readonly Input[]) => Promise<readonly string[]>;
  readonly step: Step;
}

/** apt's pattern for what every system of Debian has. */
const BASE = ['?essential'];

const pythonIn = (packages: readonly CondaInput[]): CondaInput | undefined =>
  packages.find(({ name }) => name === 'python');

function sparkIn(packages: readonly PypiInput[]): PypiInput {
  const found = packages.find(({ use }) => use === 'spark');
  if (found === undefined) throw new Error('PyPI was not asked for Spark');
  return found;
}

/** Which of Spark's jars a slim image lacks, as the recipe of the spark layer reads it. */
const readSlim = ({ home }: Project, line: string): string =>
  readFileSync(join(home, 'images', 'layers', 'spark', `slim-${line}.list`), 'utf8');

/** Tells which requirements of the code package nothing of the environment is called by. */
function noteUnknown(conda: CondaSolved, wheels: readonly PypiInput[], file: string, step: Step): void {
  const there = new Set(wheels.map(({ name }) => name));
  const left = conda.unknown.filter((text) => !there.has(normalised(/^[\w.-]+/.exec(text)?.[0] ?? '')));
  if (left.length === 0) return;
  step(
    `conda: no package is called as ${file} asks for: ${left.join(', ')}; the bake tells whether another one has it`,
  );
}

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
  const needs = {
    file: join(spec.code, 'pyproject.toml'),
    requires: asked.code.requires,
    requiresPython: asked.code.requiresPython,
    spark: spec.spark,
  };
  const solved = resolveConda(
    {
      file: spec.conda.environment,
      environment,
      line: resolution.line,
      glibc: resolution.suite.glibc,
      home: project.home,
      cache: join(project.cache, 'conda'),
      needs,
    },
    ports,
  );
  const packages = async (): Promise<readonly CondaInput[]> => (await solved).packages;
  const target = async (): Promise<WheelTarget> => ({
    python: pythonIn(await packages())?.version ?? choices.python.value,
    glibc: resolution.suite.glibc,
  });
  const base = (): Promise<string> => mirrors.base('pypi');
  const fromIndex = { ...ports, base, index: new PythonIndex(ports.http, base) };
  const pypi = resolvePypi(
    {
      spark: spec.spark,
      samples: spec.samples,
      buildRequires: asked.code.buildRequires,
      target,
      home: project.home,
    },
    fromIndex,
  );
  const pip = async (): Promise<PypiInput[]> =>
    await resolvePip(
      {
        ...{ file: spec.conda.environment, pip: environment.pip, needs, home: project.home },
        packages: await packages(),
        target: await target(),
      },
      fromIndex,
    );
  const work = [
    resolveDebian(
      debianSources(resolution),
      asked.packages.map(({ use, names, alone }, index) => ({
        use,
        alone,
        ...(index === 0
          ? { names: [...BASE, ...names, jdkPackage(resolution.jdk), ...spec.debs], own: spec.debs }
          : { names }),
      })),
      ports,
    ),
    pypi,
    resolveMaven(
      {
        hadoop: choices.hadoop.value,
        client: choices.s3a.value === 'replaced',
        committer: resolution.committer,
        jars: askedJars(spec.maven, (index) => asked.at(['maven', index])),
        image: {
          ...{ spark: spec.spark, scala: choices.scala.value, hadoop: choices.hadoop.value },
          java: resolution.jdk.java,
        },
        spark: async () => sparkIn(await pypi),
        slim: () => (choices.jars.value === 'slim' ? readSlim(project, resolution.line.line) : undefined),
      },
      before?.inputs ?? [],
      { ...ports, base: () => mirrors.base('maven') },
    ),
    solved,
    pip(),
  ] as const;
  await noneFails(work);
  const [debian, python, maven, conda, wheels] = await Promise.all(work);
  step('all sources answered');
  noteUnknown(conda, wheels, needs.file, step);
  const interpreter = pythonIn(conda.packages);
  const { group, artifact, version } = maven.sdk;
  return {
    version: 1,
    image: spec.image,
    spec: asked.digest,
    epoch: debian.epoch,
    choices: {
      ...choices,
      python:
        interpreter === undefined
          ? choices.python
          : { value: interpreter.version, reason: choices.python.reason },
      sdk: {
        value: `${group}:${artifact}:${version}`,
        reason: `named by the poms of hadoop-aws ${choices.hadoop.value}`,
      },
    },
    condaWithout: withoutOf(spec),
    inputs: [...debian.inputs, ...python, ...maven.inputs, ...conda.packages, ...wheels].sort(compareInputs),
  };
}
