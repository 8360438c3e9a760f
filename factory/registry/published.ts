import type { Publication, Published } from '../contracts/publication';

/** An image's AMIs in a region that were not withdrawn since, newest first. */
export function publishedAmis(publications: readonly Publication[], region: string): readonly Published[] {
  const events = publications
    .filter((event) => event.region === region)
    .sort((a, b) => a.at.localeCompare(b.at));
  const standing = new Map<string, Published>();
  for (const event of events) {
    if (event.event === 'published') standing.set(event.ami, event);
    if (event.event === 'withdrawn') standing.delete(event.ami);
  }
  return [...standing.values()].reverse();
}
