import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { planLayers, type PlannedLayer } from '../layers/plan';
import { readLocked, type Locked } from '../lock';
import type { Exec } from '../ports/machine/exec';
import { hostExec } from '../ports/machine/exec-host';
import { findProject, type Project } from '../project';
import { readSpec } from '../spec/read';
import { openVault, type Vault } from '../vault';

/** All that a bake, or one step of it, works with. */
export interface Session {
  readonly project: Project;
  readonly exec: Exec;
  readonly locked: Locked;
  readonly plan: readonly PlannedLayer[];
  /** factory.yaml's folder of the code package. */
  readonly code: string;
  readonly vault: Vault;
  /** kiln's version. */
  readonly kiln: string;
}

export interface SessionOptions {
  /** Another lock than the project's factory.lock.json. */
  readonly lock?: string;
  readonly offline?: boolean;
}

function version(home: string): string {
  const parsed: unknown = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));
  return typeof parsed === 'object' && parsed !== null && 'version' in parsed
    ? String(parsed.version)
    : 'unknown';
}

/**
 * Reads the lock, compares it with the specification and plans the layers; no network, nothing is written.
 * @throws KilnError of findProject, readSpec and readLocked.
 */
export async function openSession(options: SessionOptions = {}, exec: Exec = hostExec): Promise<Session> {
  // Folders that recipes get are made with their modes in mind, whatever the caller's umask.
  process.umask(0o022);
  const found = findProject();
  const project = options.lock === undefined ? found : { ...found, lock: resolve(options.lock) };
  const locked = readLocked(project);
  const { spec } = readSpec(project);
  return {
    project,
    exec,
    locked,
    code: spec.code,
    plan: await planLayers(project, locked.lock, spec.code),
    vault: openVault(project, { offline: options.offline ?? false, epoch: locked.lock.epoch }),
    kiln: version(project.home),
  };
}
