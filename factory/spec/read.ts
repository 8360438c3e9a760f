import { readFileSync, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { isPackage, PROJECT_FILES } from '../code/build-system';
import { RelativePath, Spec } from '../contracts/spec';
import { KilnError, type Fault } from '../errors';
import { whyUnreadable } from '../files/readable';
import type { Project } from '../project';
import { pythonOf, readEnvironment, type Environment } from './environment';
import { releaseRefusal, resolve, type Resolution } from './resolve';
import { YamlFile } from './yaml-file';

/** A specification without a fault. */
export interface ReadSpec {
  readonly spec: Spec;
  readonly environment: Environment;
  readonly resolution: Resolution;
  /** Where a value of factory.yaml stands, for faults that show later: `factory.yaml:6:9: maven[0]`. */
  readonly at: (path: readonly (string | number)[]) => string;
}

const invalid = (faults: readonly Fault[]): KilnError =>
  new KilnError({
    code: 'spec-invalid',
    exitCode: 2,
    what: `${String(faults.length)} ${faults.length === 1 ? 'error' : 'errors'} in factory.yaml or environment.yml`,
    faults,
  });

/** Bytes of the largest file of a specification that is read. */
const LARGEST = 8 << 20;

const PROGRAM = /\.(py|ipynb)$/;

/** Whether a folder has a script or a notebook, at any depth; hidden folders are not looked into. */
function hasProgram(folder: string): boolean {
  const entries = readdirSync(folder, { withFileTypes: true }).filter(({ name }) => !name.startsWith('.'));
  return (
    entries.some((entry) => entry.isFile() && PROGRAM.test(entry.name)) ||
    entries.some((entry) => entry.isDirectory() && hasProgram(join(folder, entry.name)))
  );
}

/** Why a path is neither the folder of a Python package nor one of scripts; undefined where it is one. */
function codeFault(project: Project, code: string): string | undefined {
  const folder = join(project.root, code);
  const status = statSync(folder, { throwIfNoEntry: false });
  if (status === undefined) return `there is no ${code}`;
  if (!status.isDirectory()) return `${code} is a file, not a folder`;
  return isPackage(folder) || hasProgram(folder)
    ? undefined
    : `${code} has none of ${PROJECT_FILES.join(', ')}, and no script (.py) or notebook (.ipynb)`;
}

/** What of factory.yaml decides how the environment file is read, though the rest of it may have faults. */
const CondaPart = z.object({
  conda: z.object({
    environment: RelativePath,
    channels: z.record(z.string(), z.string()).catch({}).default({}),
  }),
});

/** The environment file's content and faults; undefined where factory.yaml does not say which it is. */
function environmentOf(
  file: YamlFile,
  project: Project,
): { readonly environment: Environment; readonly faults: readonly Fault[] } | undefined {
  const part = CondaPart.safeParse(file.isBroken() ? {} : file.value());
  if (!part.success) return undefined;
  const { environment: name, channels } = part.data.conda;
  const path = join(project.root, name);
  const why = whyUnreadable(path, LARGEST);
  if (why !== undefined) {
    file.fault(['conda', 'environment'], `${name} ${why}`, 'write one, or name the one you have');
    return undefined;
  }
  return readEnvironment(name, readFileSync(path), channels, (other) => {
    const beside = join(project.root, other);
    return whyUnreadable(beside, LARGEST) === undefined ? readFileSync(beside) : undefined;
  });
}

/**
 * factory.yaml and the environment file it names, checked against each other and the compatibility table.
 * @throws KilnError `spec-invalid` (exit 2) with all faults of both files.
 */
export function readSpec(project: Project): ReadSpec {
  const why = whyUnreadable(project.spec, LARGEST);
  if (why !== undefined)
    throw invalid([{ where: basename(project.spec), what: `it ${why}`, hint: 'put a file there' }]);
  const file = new YamlFile(basename(project.spec), readFileSync(project.spec, 'utf8'));
  const spark = file.asText(['spark']);
  const spec = file.parse(Spec);
  const release = spark === undefined ? undefined : releaseRefusal(spark);
  if (release !== undefined) file.fault(['spark'], release.what, release.hint);
  file.sort();
  const read = environmentOf(file, project);
  const others = read?.faults ?? [];
  if (spec === undefined) throw invalid([...file.faults, ...others]);
  const environment = others.length === 0 ? read?.environment : undefined;
  const code = codeFault(project, spec.code);
  if (code !== undefined)
    file.fault(['code'], code, 'name the folder of your Python package, or of your scripts and notebooks');
  const python = environment === undefined ? undefined : pythonOf(environment);
  const outcome = release === undefined ? resolve(spec, python) : [];
  if (Array.isArray(outcome)) for (const r of outcome) file.fault(r.path, r.what, r.hint);
  const faults = [...file.faults, ...others];
  if (faults.length > 0 || environment === undefined || Array.isArray(outcome)) throw invalid(faults);
  return { spec, environment, resolution: outcome, at: (path) => file.where(path) };
}
