import { formatDuration, formatSize } from '../../units';
import type { ReportData } from './data';
import { html, type Html } from './html';
import { dayOf, short } from './words';

/** How long each step took, and each layer within the bake. */
export function timings({ timings: steps, bake }: ReportData): Html {
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

/** The nights before, the latest first. */
export function past({ nights }: ReportData): Html {
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
