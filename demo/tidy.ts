import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { STACK } from './context';
import type { Context } from './context';
import { CommandFailed } from './shell';
import type { Command } from './shell';

const State = z.object({ resources: z.array(z.unknown()) });

/** Whether Terraform's state says that something of the stack is there. */
export function holdsResources(state: string): boolean {
  try {
    const parsed = State.safeParse(JSON.parse(state));
    return !parsed.success || parsed.data.resources.length > 0;
  } catch {
    // Cut short by a kill: something may be there.
    return true;
  }
}

/**
 * Removes what a killed or failed demo left: its processes ended with its namespaces, so these are
 * the stack in Terraform's state, the store's keys and the clusters' folders.
 */
export async function tidy(context: Context, say: (line: string) => void, why: string): Promise<void> {
  const attempt = async (command: Command): Promise<void> => {
    try {
      await context.shell.run(command);
    } catch (error) {
      if (!(error instanceof CommandFailed)) throw error;
      say(`demo: ${error.message}: ${error.tail.at(-1) ?? 'it said nothing'}`);
    }
  };
  for (const project of new Set([context.home, join(context.folder, 'project'), context.project])) {
    if (!existsSync(join(project, 'factory.yaml'))) continue;
    const state = join(project, `terraform.${STACK}.tfstate`);
    const env = project === context.home ? [] : ['env', `KILN_PROJECT=${project}`];
    if (existsSync(state) && holdsResources(readFileSync(state, 'utf8'))) {
      say(`demo: ${why}`);
      await attempt({ words: [...env, 'npx', 'cdktf', 'destroy', STACK, '--auto-approve'] });
      rmSync(state, { force: true });
    }
    if (existsSync(join('/run/kiln/clusters', STACK))) {
      await attempt({ words: [...env, 'kiln', 'machines', 'down', '--cluster', STACK] });
    }
    if (existsSync(join(project, '.kiln', 'store')))
      await attempt({ words: [...env, 'kiln', 'store', 'down'] });
  }
}
