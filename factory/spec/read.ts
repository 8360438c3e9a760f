import { readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { PROJECT_FILES } from '../code/build-system';
import { Spec } from '../contracts/spec';
import { KilnError, type Fault } from '../errors';
import type { Project } from '../project';
import { Environment, pythonOf } from './environment';
import { resolve, type Resolution } from './resolve';
import { YamlFile } from './yaml-file';

/** A specification without a fault. */
export interface ReadSpec {
  readonly spec: Spec;
  readonly environment: Environment;
  readonly resolution: Resolution;
}

const invalid = (faults: readonly Fault[]): KilnError =>
  new KilnError({
    code: 'spec-invalid',
    exitCode: 2,
    what: `${String(faults.length)} ${faults.length === 1 ? 'error' : 'errors'} in factory.yaml or environment.yml`,
    faults,
  });

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() === true;

/** Why a path is not the folder of a Python package; undefined where it is one. */
function codeFault(project: Project, code: string): string | undefined {
  const status = statSync(join(project.root, code), { throwIfNoEntry: false });
  if (status === undefined) return `there is no ${code}`;
  if (!status.isDirectory()) return `${code} is a file, not a folder`;
  return PROJECT_FILES.some((name) => isFile(join(project.root, code, name)))
    ? undefined
    : `${code} has none of ${PROJECT_FILES.join(', ')}`;
}

function readEnvironment(
  file: YamlFile,
  project: Project,
  spec: Spec,
): [Environment | undefined, readonly Fault[]] {
  const path = join(project.root, spec.conda.environment);
  if (!isFile(path)) {
    file.fault(
      ['conda', 'environment'],
      `there is no ${spec.conda.environment}`,
      'write one, or name the one you have',
    );
    return [undefined, []];
  }
  const environment = new YamlFile(spec.conda.environment, readFileSync(path, 'utf8'));
  const parsed = environment.parse(Environment);
  return [parsed, environment.faults];
}

/**
 * factory.yaml and the environment file it names, checked against each other and the compatibility table.
 * @throws KilnError `spec-invalid` (exit 2) with all faults of both files.
 */
export function readSpec(project: Project): ReadSpec {
  const file = new YamlFile(basename(project.spec), readFileSync(project.spec, 'utf8'));
  const spec = file.parse(Spec);
  if (spec === undefined) throw invalid(file.faults);
  const [environment, others] = readEnvironment(file, project, spec);
  const code = codeFault(project, spec.code);
  if (code !== undefined) file.fault(['code'], code, 'name the folder of your Python package');
  const outcome = resolve(spec, environment === undefined ? undefined : pythonOf(environment));
  if (Array.isArray(outcome)) for (const r of outcome) file.fault(r.path, r.what, r.hint);
  const faults = [...file.faults, ...others];
  if (faults.length > 0 || environment === undefined || Array.isArray(outcome)) throw invalid(faults);
  return { spec, environment, resolution: outcome };
}
