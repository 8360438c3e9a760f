import type { ReportData } from './data';
import { html, type Html } from './html';

const versionCell = (version: string | null, absent: string): Html =>
  version === null ? html`<td class="quiet">${absent}</td>` : html`<td><code>${version}</code></td>`;

/** Choices and packages, from and to. */
export function changed({ change }: ReportData): Html {
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

/** Which layers were built again, and why. */
export function layers({ change }: ReportData): Html {
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
