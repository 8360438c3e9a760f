import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { parse } from 'yaml';

/** The paths in factory.yaml that a project is made of; all relative to it. */
const Parts = z.object({
  code: z.string(),
  conda: z.object({ environment: z.string(), channels: z.record(z.string(), z.string()).default({}) }),
});

/**
 * Copies what a lock is resolved from into `target`, so that it can be resolved anew without touching
 * the committed lock. Channels made on this machine are shown by a link; what an earlier copy baked stays.
 */
export function copyProject(project: string, target: string): void {
  mkdirSync(target, { recursive: true });
  const spec = Parts.parse(parse(readFileSync(join(project, 'factory.yaml'), 'utf8')));
  for (const part of ['factory.yaml', 'factory.lock.json', spec.conda.environment, spec.code]) {
    rmSync(join(target, part), { recursive: true, force: true });
    cpSync(join(project, part), join(target, part), { recursive: true });
  }
  for (const channel of Object.values(spec.conda.channels)) {
    if (channel.includes('://') || !existsSync(join(project, channel))) continue;
    rmSync(join(target, channel), { recursive: true, force: true });
    mkdirSync(dirname(join(target, channel)), { recursive: true });
    symlinkSync(join(project, channel), join(target, channel));
  }
}
