import type { ReportData } from './data';
import { html, type Html } from './html';

const mark = (ok: boolean): Html =>
  ok ? html`<span class="badge good">holds</span>` : html`<span class="badge bad">does not hold</span>`;

/** What verify, reproduce and the gates found. */
export function proofs(data: ReportData): Html {
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
