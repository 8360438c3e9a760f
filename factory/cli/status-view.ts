import Table from 'cli-table3';
import type { Fault } from '../errors';
import { fullness, type NodeOverview, type Overview } from '../machines/overview';
import { pageLine } from '../machines/pages';
import { jobsTable } from './jobs-view';
import { span } from './progress-line';
import { formatDuration, formatSize } from '../units';

const NONE = '-';

function scratchOf({ scratchBytes }: NodeOverview): string {
  if (scratchBytes === null) return NONE;
  const { used, free } = scratchBytes;
  const percent = String(Math.ceil(100 * fullness(scratchBytes)));
  return `${formatSize(used)}, ${percent} %; ${formatSize(free)} free`;
}

const useOf = (use: NodeOverview['cores']): string =>
  use === null ? NONE : `${String(use.used)} of ${String(use.total)}`;

const table = (head: readonly string[]): Table.Table =>
  new Table({ head: [...head], style: { head: [], border: [], compact: true } });

function nodesTable({ nodes }: Overview): string {
  const rows = table(['node', 'role', 'address', 'phase', 'cores used', 'MiB used', 'scratch used', 'image']);
  for (const node of nodes) {
    rows.push([
      node.name,
      node.role,
      node.address,
      node.phase,
      useOf(node.cores),
      useOf(node.memoryMiB),
      scratchOf(node),
      node.image.slice(0, 'sha256:'.length + 12),
    ]);
  }
  return rows.toString();
}

function applicationsTable({ applications }: Overview): string {
  const rows = table([
    'application',
    'job',
    'name',
    'user',
    'state',
    'cores',
    'MiB an executor',
    'for',
    'page',
  ]);
  for (const app of applications) {
    rows.push([
      app.id,
      app.job ?? NONE,
      app.name,
      app.user,
      app.state.toLowerCase(),
      app.cores,
      app.memoryPerExecutorMiB ?? NONE,
      span(app.runningFor),
      app.page ?? NONE,
    ]);
  }
  return rows.toString();
}

function canaryLine({ canary }: Overview, now: number): string {
  if (!canary) return 'canary: none has run yet (kiln machines wait runs one)';
  const all = canary.proved.length + canary.missing.length;
  const ago = span(Math.max(0, now / 1000 - canary.at));
  return `canary: ran on ${String(canary.proved.length)} of ${String(all)} workers in ${formatDuration(1000 * canary.seconds)}, ${ago} ago`;
}

function wrongLines(faults: readonly Fault[]): string[] {
  if (faults.length === 0) return ['nothing is wrong'];
  return [
    `wrong (${String(faults.length)}):`,
    ...faults.flatMap(({ where, what, hint }) => [
      `  ${where}: ${what}`,
      ...(hint === undefined ? [] : [`    ${hint.replaceAll('\n', '\n    ')}`]),
    ]),
  ];
}

/** Rows of jobs that did not succeed, at most; `kiln jobs STACK --all` has the rest. */
const MOST_JOBS = 5;

/** What the applications do not show: jobs without one yet, and those that ended otherwise than in success. */
function jobsLines({ jobs, applications, cluster }: Overview, now: number): readonly string[] {
  const shown = new Set(applications.map(({ job }) => job));
  const running = (jobs ?? []).filter(({ id, end }) => end === null && !shown.has(id));
  const ended = (jobs ?? []).filter(({ end }) => end !== null);
  const rows = [...ended.slice(-MOST_JOBS), ...running];
  const left = ended.length - MOST_JOBS;
  return [
    ...(rows.length === 0 ? [] : [jobsTable(rows, now)]),
    ...(left > 0 ? [`${String(left)} more jobs did not succeed: kiln jobs ${cluster} --all`] : []),
  ];
}

/** @param now milliseconds since 1970. */
export function overviewText(all: Overview, faults: readonly Fault[], now: number): string {
  const { cluster, state, project, pages, nodes, applications } = all;
  return [
    `${cluster} (${state}), of ${project ?? 'an unknown project'}`,
    ...Object.entries(pages).map(([page, url]) => pageLine(page, url)),
    ...(nodes.length === 0 ? [] : [nodesTable(all)]),
    ...(state !== 'up'
      ? []
      : [
          applications.length === 0 ? 'no application runs' : applicationsTable(all),
          ...jobsLines(all, now),
          canaryLine(all, now),
        ]),
    ...wrongLines(faults),
  ].join('\n');
}
