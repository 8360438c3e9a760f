/** GET of an address: its status after redirects, where it ended, and its text. */
export type Get = (
  url: string,
) => Promise<{ readonly status: number; readonly url: string; readonly text: string }>;

/** As a browser on this machine does it. */
export const getHere: Get = async (url) => {
  const answer = await fetch(url, { signal: AbortSignal.timeout(30_000) });
  return { status: answer.status, url: answer.url, text: await answer.text() };
};

/** What a page leads to or is made of: href and src of its elements, absolute, without what stays on the page. */
function linksOf(html: string, base: string): readonly string[] {
  const found = [...html.matchAll(/\s(?:href|src)\s*=\s*(?:"([^"]*)"|'([^']*)')/gi)]
    .map((match) => (match[1] ?? match[2] ?? '').replaceAll('&amp;', '&').trim())
    .filter((link) => link !== '' && !/^(?:#|javascript:|data:|mailto:)/i.test(link))
    .map((link) => new URL(link, base));
  for (const url of found) url.hash = '';
  return [...new Set(found.map(String))].sort();
}

/** A link that is not answered as it should be. */
interface Broken {
  readonly on: string;
  readonly link: string;
  readonly why: string;
}

/**
 * Follows every link of the pages given, and on from there as deep as said.
 * @param leave links that lead out of the cluster on purpose: Spark's own web site.
 * @returns what was asked for, and what did not answer with 2xx.
 */
export async function crawl(
  pages: readonly string[],
  get: Get,
  { depth = 1, leave }: { readonly depth?: number; readonly leave: RegExp },
): Promise<{ readonly asked: readonly string[]; readonly broken: readonly Broken[] }> {
  const asked = new Set<string>();
  const broken: Broken[] = [];
  let level: readonly { readonly on: string; readonly link: string }[] = pages.map((link) => ({
    on: 'shown by kiln',
    link,
  }));
  for (let at = 0; at <= depth; at += 1) {
    const next: { on: string; link: string }[] = [];
    for (const { on, link } of level) {
      if (asked.has(link) || leave.test(link)) continue;
      asked.add(link);
      try {
        const { status, url, text } = await get(link);
        if (status < 200 || status > 299) broken.push({ on, link, why: String(status) });
        else if (/^\s*<(?:!doctype|html)/i.test(text))
          next.push(...linksOf(text, url).map((one) => ({ on: link, link: one })));
      } catch (error) {
        broken.push({ on, link, why: error instanceof Error ? error.message : String(error) });
      }
    }
    level = next;
  }
  return { asked: [...asked], broken };
}
