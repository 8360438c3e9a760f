import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'smol-toml';
import { z } from 'zod';
import { KilnError } from '../errors';

/** What pip takes where a project names nothing (PEP 517 and 518). */
const DEFAULT_REQUIRES = ['setuptools>=40.8.0'];

/** Any of these makes a folder a Python package that can be built. */
export const PROJECT_FILES = ['pyproject.toml', 'setup.py', 'setup.cfg'];

/** Whether a folder is a package; else it holds scripts and notebooks, which are placed as they are. */
export const isPackage = (folder: string): boolean =>
  PROJECT_FILES.some((name) => statSync(join(folder, name), { throwIfNoEntry: false })?.isFile() === true);

const Texts = z.array(z.string());

/** The parts of a pyproject.toml that decide what has to be locked. */
const PyProject = z.object({
  'build-system': z.object({ requires: Texts }).optional(),
  project: z
    .object({
      'requires-python': z.string().optional(),
      dependencies: Texts.optional(),
      dynamic: Texts.optional(),
    })
    .optional(),
});

/** What the code package says of itself without being run. */
export interface PackageFacts {
  /** PEP 508 requirements of its build. */
  readonly buildRequires: readonly string[];
  /** PEP 508 requirements of the package; what a build adds to them (`dynamic`) is not among them. */
  readonly requires: readonly string[];
  /** PEP 440 specifiers. */
  readonly requiresPython: string | undefined;
}

/** A requirement that the resolver could read as an option, or that no index can serve. */
const UNLOCKABLE = /^\s*-|[\n\r]|^[^;]*@/;

/**
 * Reads pyproject.toml of a package, where it has one.
 * @param folder the package's.
 * @param name the folder as factory.yaml names it.
 * @throws KilnError `spec-invalid` (exit 2) with all faults.
 */
export function readPackage(folder: string, name: string): PackageFacts {
  const file = join(folder, 'pyproject.toml');
  const where = join(name, 'pyproject.toml');
  const bad = (faults: readonly { readonly what: string; readonly hint: string }[]): KilnError =>
    new KilnError({
      code: 'spec-invalid',
      exitCode: 2,
      what: `${where} cannot be used`,
      faults: faults.map((fault) => ({ where, ...fault })),
    });
  if (!existsSync(file)) {
    // Scripts are not built.
    const buildRequires = isPackage(folder) ? DEFAULT_REQUIRES : [];
    return { buildRequires, requires: [], requiresPython: undefined };
  }
  const text = readFileSync(file, 'utf8');
  if (text.startsWith('\u{feff}')) {
    throw bad([
      {
        what: 'it begins with a byte order mark, which TOML does not allow',
        hint: 'save it as UTF-8 without one',
      },
    ]);
  }
  let project: unknown;
  try {
    project = parse(text);
  } catch (error) {
    throw bad([{ what: error instanceof Error ? error.message.trim() : String(error), hint: 'correct it' }]);
  }
  const read = PyProject.safeParse(project);
  if (!read.success) {
    throw bad(
      read.error.issues.map((issue) => ({
        what: `${issue.path.map(String).join('.')}: ${issue.message}`,
        hint:
          issue.path[0] === 'build-system'
            ? 'a build-system table names its requirements: requires = ["setuptools>=77"]'
            : 'correct it',
      })),
    );
  }
  const buildRequires = read.data['build-system']?.requires ?? DEFAULT_REQUIRES;
  const unlockable = buildRequires.filter((each) => UNLOCKABLE.test(each));
  if (unlockable.length > 0) {
    throw bad(
      unlockable.map((each) => ({
        what: `build-system.requires: ${JSON.stringify(each)} is not a release of a Python index`,
        hint: 'name a release, such as hatchling==1.27.0',
      })),
    );
  }
  return {
    buildRequires,
    requires: read.data.project?.dependencies ?? [],
    requiresPython: read.data.project?.['requires-python'],
  };
}
