import Table from 'cli-table3';
import type { Job } from '../machines/jobs';
import { span } from './progress-line';

const NONE = '-';

/** What there is to say of how it went. */
function outcome({ state, end }: Job): string {
  if (end === null || state === 'succeeded') return NONE;
  return end.what === '' ? `exit code ${String(end.code)}` : end.what;
}

const took = ({ started, ended }: Job, now: number): string =>
  started === null ? NONE : span(Math.max(0, (ended ?? now / 1000) - started));

/** @param now milliseconds since 1970. */
export function jobsTable(jobs: readonly Job[], now: number): string {
  const rows = new Table({
    head: ['job', 'name', 'state', 'code', 'submitted', 'took', 'application', 'how it ended'],
    style: { head: [], border: [], compact: true },
  });
  for (const job of jobs) {
    rows.push([
      job.id,
      job.name,
      job.state,
      job.end?.code ?? NONE,
      new Date(job.submitted.at * 1000).toISOString().slice(0, 19).replace('T', ' '),
      took(job, now),
      job.application ?? NONE,
      outcome(job),
    ]);
  }
  return rows.toString();
}

/** @param now milliseconds since 1970. */
export function jobsText(
  clusters: readonly { readonly cluster: string; readonly jobs: readonly Job[] }[],
  now: number,
): string {
  if (clusters.length === 0) return 'no clusters on this machine';
  return clusters
    .map(({ cluster, jobs }) =>
      jobs.length === 0 ? `${cluster}: no job runs` : `${cluster}:\n${jobsTable(jobs, now)}`,
    )
    .join('\n\n');
}
