import { join } from 'node:path';
import type { Exec } from '../ports/machine/exec';
import type { Http } from '../ports/inputs/http';
import type { Mirrors } from '../ports/inputs/mirrors';
import type { System } from '../ports/machine/system';
import type { Finding } from './finding';
import { accelerationFinding, machineFindings } from './machine';
import { registryFindings } from './registries';
import { packageFindings, toolchainFindings } from './tools';

export interface Diagnosis {
  /** True when nothing that kiln needs is lacking. */
  readonly ok: boolean;
  readonly findings: readonly Finding[];
}

/** Looks at everything that kiln needs of this machine and changes nothing. */
export async function diagnose(
  world: {
    readonly system: System;
    readonly exec: Exec;
    readonly http: Http;
    readonly mirrors: Mirrors;
    /** Boots something with KVM to see whether it works. */
    readonly acceleration: () => Promise<{ readonly accelerator: 'kvm' | 'tcg'; readonly reason: string }>;
  },
  places: { readonly root: string; readonly home: string; readonly cache: string },
): Promise<Diagnosis> {
  const { system, exec } = world;
  const list = (name: string): string => system.read(join(places.home, 'tools', name)) ?? '';
  const groups = await Promise.all([
    machineFindings(system, exec, places),
    accelerationFinding(world.acceleration),
    toolchainFindings(system, exec, places),
    packageFindings(system, exec, list('packages')),
    packageFindings(system, exec, list('test-packages'), 'note'),
    registryFindings(world.mirrors, world.http),
  ]);
  const findings = groups.flat();
  return { ok: findings.every(({ state }) => state !== 'lack'), findings };
}

const MARK: Readonly<Record<Finding['state'], string>> = { here: 'ok  ', note: 'note', lack: 'LACK' };

export function diagnosisText({ ok, findings }: Diagnosis): string {
  const width = Math.max(...findings.map(({ subject }) => subject.length));
  const lines = findings.flatMap(({ subject, state, detail, means, remedy }) => {
    const indent = ' '.repeat(MARK[state].length + 1 + width + 2);
    return [
      `${MARK[state]} ${subject.padEnd(width)}  ${detail}`,
      ...(means === undefined ? [] : [`${indent}${means}`]),
      ...(remedy === undefined ? [] : [`${indent}-> ${remedy.replaceAll('\n', `\n${indent}   `)}`]),
    ];
  });
  const lacks = findings.filter(({ state }) => state === 'lack').length;
  return [
    ...lines,
    '',
    ok ? 'Everything is here.' : `${lacks} of ${findings.length} things are lacking.`,
  ].join('\n');
}
