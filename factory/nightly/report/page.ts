import { changed, layers } from './changes';
import { sizeChart } from './chart';
import type { ReportData } from './data';
import { html } from './html';
import { past, timings } from './nights';
import { proofs } from './proofs';
import { STYLE } from './style';
import { facts, headline } from './summary';
import { dayOf, HEADLINES } from './words';

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
