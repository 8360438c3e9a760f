import { hostname } from 'node:os';
import type { LaunchGroup } from '../contracts/launch';
import { registryOf } from '../machines/image';
import type { Project } from '../project';
import { readUses } from '../registry/read-marks';
import { whoAmI } from '../registry/lease';
import { clearUse, reportUse } from '../registry/marks';
import { openHome } from '../registry/open';
import { registrySettings } from '../registry/project';
import { note } from './output';

/* Local clusters report by themselves. That a registry cannot be told is no reason to start or end no machine. */

const reporterOf = (cluster: string, group: string): string =>
  `${hostname().replaceAll(/[^A-Za-z0-9.-]/g, '-')}.${cluster}.${group}`;

async function trying(what: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    note(`${what}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

export async function machinesRun(
  project: Project,
  group: LaunchGroup,
  machines: readonly { readonly name: string }[],
): Promise<void> {
  if (machines.length === 0) return;
  await trying('it was not reported to the registry which image the machines run', () =>
    reportUse(registryOf(project, group), {
      version: 1,
      reporter: reporterOf(group.cluster, group.group),
      digest: group.image.digest,
      cluster: group.cluster,
      nodes: machines.map(({ name }) => name),
      by: whoAmI(),
      at: new Date().toISOString(),
    }),
  );
}

/** @param group default: every group of the cluster. */
export async function machinesEnded(project: Project, cluster: string, group?: string): Promise<void> {
  await trying(
    'it was not reported to the registry that the machines are gone (kiln in-use clear)',
    async () => {
      const home = openHome(registrySettings(project));
      const start = reporterOf(cluster, '');
      for (const { reporter } of await readUses(home)) {
        const ours = group === undefined ? reporter.startsWith(start) : reporter === `${start}${group}`;
        if (ours) await clearUse(home, reporter);
      }
    },
  );
}
