import { formatSize, formatSizeChange } from '../../units';
import type { ReportData } from './data';
import { html, type Html } from './html';
import { dayOf, HEADLINES, short } from './words';

/** What became of the night. */
export function headline(data: ReportData): Html {
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

/** The image and its proposal. */
export function facts({ bake, previous, nights, proposal }: ReportData): Html {
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
