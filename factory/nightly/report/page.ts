import type { Change } from '../change';
import type { Move, Outputs, Previous, Result, Step } from '../steps';
import { sizeChart } from './chart';
import { html, type Html } from './html';
import { STYLE } from './style';
import { formatDuration, formatSize, formatSizeChange } from '../../units';

export interface PastNight {
  readonly run: string;
  /** RFC 3339. */
  readonly at: string;
  readonly result: Result | 'unfinished';
  readonly digest: string | undefined;
  /** Bytes of the disk. */
  readonly size: number | undefined;
}

/** All that a night's page tells. */
export interface ReportData {
  /** The image's name. */
  readonly image: string;
  readonly run: string;
  /** RFC 3339. */
  readonly began: string;
  readonly kiln: string;
  readonly host: string;
  readonly result: Result | 'failed';
  /** The step that said no, or failed, and why. */
  readonly cause: { readonly step: Step; readonly what: string } | undefined;
  readonly channel: string;
  readonly previous: Previous | null;
  readonly change: Change | undefined;
  readonly bake: Outputs['bake'] | undefined;
  readonly verify: Outputs['verify'] | undefined;
  readonly reproduce: Outputs['reproduce'] | undefined;
  readonly moves: readonly Move[];
  readonly proposal: Outputs['propose'] | undefined;
  readonly timings: readonly { readonly step: Step; readonly milliseconds: number }[];
  /** Oldest first; this one is the last. */
  readonly nights: readonly PastNight[];
}

const short = (digest: string): string => digest.slice(0, 'sha256:'.length + 12);
const dayOf = (at: string): string => at.slice(0, 16).replace('T', ' ');

const HEADLINES: Readonly<Record<ReportData['result'], readonly [kind: string, text: string]>> = {
  registered: ['good', 'Registered'],
  unchanged: ['good', 'Nothing changed'],
  refused: ['bad', 'Refused'],
  failed: ['bad', 'Failed'],
};

function headline(data: ReportData): Html {
  const [kind, word] = HEADLINES[data.result];
  const { cause, previous, channel, bake } = data;
  const moved = data.moves.filter(({ taken }) => taken).map((move) => move.channel);
  const told =
    cause !== undefined
      ? html`At <b>${cause.step}</b>: ${cause.what}`
      : html`In ${moved.length === 0 ? channel : moved.join(', ')}.`;
  const kept =
    moved.length > 0
      ? undefined
      : previous === null
        ? html`<p>${channel} is as it was.</p>`
        : html`<p>
            ${channel} is as it was; the last night's image is <code>${short(previous.image)}</code>.
          </p>`;
  return html`<header>
    <p class="quiet">${data.image} · night of ${dayOf(data.began)} UTC · kiln ${data.kiln} on ${data.host}</p>
    <h1>
      <span class="badge ${kind}">${word}</span>
      ${bake === undefined ? 'no image' : html`<code>${short(bake.digest)}</code>`}
    </h1>
    <p>${told}</p>
    ${kept}
  </header>`;
}

function facts({ bake, previous, nights, proposal }: ReportData): Html {
  const before = nights.findLast(({ run, size }) => run === previous?.run && size !== undefined)?.size;
  const rows: (readonly [string, Html | string])[] = [];
  if (bake !== undefined) {
    const grown = before === undefined ? '' : ` (${formatSizeChange(bake.size - before)} since the last)`;
    rows.push(
      ['image', html`<code class="whole">${bake.digest}</code>`],
      ['disk', `${formatSize(bake.size)}${grown}`],
    );
  }
  if (previous !== null) rows.push(['before', html`<code class="whole">${previous.image}</code>`]);
  if (typeof proposal?.branch === 'string')
    rows.push([
      'proposal',
      html`branch <code>${proposal.branch}</code>, commit <code>${proposal.commit?.slice(0, 12)}</code>`,
    ]);
  return html`<dl>
    ${rows.map(
      ([name, value]) =>
        html`<dt>${name}</dt>
          <dd>${value}</dd>`,
    )}
  </dl>`;
}

const versionCell = (version: string | null, absent: string): Html =>
  version === null ? html`<td class="quiet">${absent}</td>` : html`<td><code>${version}</code></td>`;

function changed({ change }: ReportData): Html {
  if (change === undefined) return html`<p class="quiet">Not found out.</p>`;
  const since = { night: 'the night', lock: 'the lock', nothing: 'nothing' }[change.since.what];
  const rows = [
    ...change.choices.map(
      ({ name, from, to }) =>
        html`<tr>
          <td>choice</td>
          <td><code>${name}</code></td>
          ${versionCell(from, 'none')}${versionCell(to, '')}
          <td>factory.lock.json: choices</td>
        </tr>`,
    ),
    ...change.packages.map(
      ({ source, name, from, to, reason, use }) =>
        html`<tr>
          <td class="whole">${source} · ${use}</td>
          <td><code>${name}</code></td>
          ${versionCell(from, 'new')}${versionCell(to, 'removed')}
          <td>${reason}</td>
        </tr>`,
    ),
  ];
  return html`<p>${rows.length} since ${since} <code>${change.since.name}</code>.</p>
    ${
      rows.length === 0
        ? undefined
        : html`<div class="wide">
            <table>
              <thead>
                <tr>
                  <th>Source</th>
                  <th>Name</th>
                  <th>From</th>
                  <th>To</th>
                  <th>Why</th>
                </tr>
              </thead>
              <tbody>
                ${rows}
              </tbody>
            </table>
          </div>`
    }`;
}

function layers({ change }: ReportData): Html {
  if (change === undefined) return html`<p class="quiet">Not found out.</p>`;
  return html`<table>
    <thead>
      <tr>
        <th>Layer</th>
        <th></th>
        <th>Because of</th>
      </tr>
    </thead>
    <tbody>
      ${change.layers.map(
        ({ layer, rebuilt, because }) =>
          html`<tr>
            <td><code>${layer}</code></td>
            <td>${rebuilt ? 'built again' : html`<span class="quiet">as it was</span>`}</td>
            <td>
              ${
                because.length > 6
                  ? html`<details>
                      <summary>${because[0]} and ${because.length - 1} more</summary>
                      ${because.slice(1).map((line) => html`<div>${line}</div>`)}
                    </details>`
                  : because.map((line) => html`<div>${line}</div>`)
              }
            </td>
          </tr>`,
      )}
    </tbody>
  </table>`;
}

const mark = (ok: boolean): Html =>
  ok ? html`<span class="badge good">holds</span>` : html`<span class="badge bad">does not hold</span>`;

function proofs(data: ReportData): Html {
  const rows = (['verify', 'reproduce'] as const).flatMap((step) => {
    const judged = data[step];
    if (judged === undefined) return [];
    const failed = judged.checks.filter(({ ok }) => !ok);
    const detail =
      failed.length === 0
        ? judged.checks.length === 1
          ? '1 check held'
          : `${String(judged.checks.length)} checks held`
        : failed.map(({ name, detail: what }) => `${name}: ${what}`).join('; ');
    return [
      html`<tr>
        <td>proof</td>
        <td>${step}</td>
        <td>${mark(judged.ok)}</td>
        <td>${detail}</td>
      </tr>`,
    ];
  });
  const gates = data.moves.flatMap(({ channel, gates: each, taken }) => [
    ...each.map(
      ({ kind, holds, detail }) =>
        html`<tr>
          <td>gate of ${channel}</td>
          <td>${kind}</td>
          <td>${mark(holds)}</td>
          <td>${detail}</td>
        </tr>`,
    ),
    html`<tr>
      <td>channel</td>
      <td>${channel}</td>
      <td>
        ${taken ? html`<span class="badge good">taken</span>` : html`<span class="badge">held back</span>`}
      </td>
      <td></td>
    </tr>`,
  ]);
  if (rows.length + gates.length === 0) return html`<p class="quiet">It did not come to that.</p>`;
  return html`<table>
    <thead>
      <tr>
        <th>Of</th>
        <th>What</th>
        <th></th>
        <th>Found</th>
      </tr>
    </thead>
    <tbody>
      ${rows}${gates}
    </tbody>
  </table>`;
}

function timings({ timings: steps, bake }: ReportData): Html {
  const inner = (bake?.steps ?? []).map(({ step, milliseconds, cached }) => ({
    name: cached ? `${step} (in the cache)` : step,
    milliseconds,
    inner: true,
  }));
  const parts = steps.flatMap(({ step, milliseconds }) => [
    { name: step, milliseconds, inner: false },
    ...(step === 'bake' ? inner : []),
  ]);
  const longest = Math.max(1, ...parts.map(({ milliseconds }) => milliseconds));
  const total = steps.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  return html`<p>${formatDuration(total)} in all.</p>
    <table class="times">
      <tbody>
        ${parts.map(
          ({ name, milliseconds, inner: isInner }) =>
            html`<tr><td${isInner ? html` class="inner"` : undefined}>${name}</td><td class="number">${formatDuration(milliseconds)}</td><td class="bar"><svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"><rect width="${((100 * milliseconds) / longest).toFixed(2)}" height="10" /></svg></td></tr>`,
        )}
      </tbody>
    </table>`;
}

function past({ nights }: ReportData): Html {
  return html`<table>
    <thead>
      <tr>
        <th>Night (UTC)</th>
        <th>Result</th>
        <th>Image</th>
        <th class="number">Disk</th>
      </tr>
    </thead>
    <tbody>
      ${nights
        .toReversed()
        .slice(0, 30)
        .map(
          ({ at, result, digest, size }) =>
            html`<tr>
              <td>${dayOf(at)}</td>
              <td>${result}</td>
              <td>${digest === undefined ? '' : html`<code>${short(digest)}</code>`}</td>
              <td class="number">${size === undefined ? '' : formatSize(size)}</td>
            </tr>`,
        )}
    </tbody>
  </table>`;
}

/** One self-contained page: nothing is loaded, nothing runs. */
export function reportPage(data: ReportData): string {
  const points = data.nights.flatMap(({ at, size, result }) =>
    size === undefined || result === 'unchanged' ? [] : [{ label: dayOf(at).slice(0, 10), size }],
  );
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'" />
        <title>${data.image}, night of ${dayOf(data.began)}: ${HEADLINES[data.result][1]}</title>
        <style>
          ${STYLE}
        </style>
      </head>
      <body>
        <main>
          ${headline(data)} ${facts(data)}
          <section>
            <h2>What changed</h2>
            ${changed(data)}
          </section>
          <section>
            <h2>What was built again, and why</h2>
            ${layers(data)}
          </section>
          <section>
            <h2>Proofs and gates</h2>
            ${proofs(data)}
          </section>
          <section>
            <h2>What it took</h2>
            ${timings(data)}
          </section>
          <section>
            <h2>Size over the nights</h2>
            ${sizeChart(points)}
          </section>
          <section>
            <h2>Nights</h2>
            ${past(data)}
          </section>
        </main>
      </body>
    </html> `.text;
}
