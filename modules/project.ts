import { relative } from 'node:path';
import type { IConstruct } from 'constructs';
import { App } from 'cdktf';
import { projectRegistry } from '../factory/registry/read';
import type { ProjectRegistry } from '../factory/registry/read';

/** Context key: a folder in the project (the one of factory.yaml, or below it). */
export const PROJECT_CONTEXT = 'kiln-project';

/**
 * The project that an app belongs to, its registry and image.
 * Default of the context: the working directory, which for the cdktf command is that of cdktf.json.
 * @throws KilnError `no-project`, `spec-invalid`.
 */
export function projectOf(scope: IConstruct): ProjectRegistry {
  const folder: unknown = App.of(scope).node.tryGetContext(PROJECT_CONTEXT);
  return projectRegistry(typeof folder === 'string' ? folder : process.cwd());
}

/** A path as seen from `from`: what is synthesised names no absolute path, so that it is the same on any machine. */
export const relativePath = (from: string, to: string): string => relative(from, to) || '.';
