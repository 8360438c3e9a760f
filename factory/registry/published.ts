import { type Publication, publicationsOn } from '../contracts/publication';
import type { PublishedAmi } from '../contracts/publications/aws';

/** An image's AMIs in a region that were not withdrawn since, newest first. */
export function publishedAmis(publications: readonly Publication[], region: string): readonly PublishedAmi[] {
  const events = publicationsOn(publications, 'aws')
    .filter((event) => event.region === region)
    .sort((a, b) => a.at.localeCompare(b.at));
  const standing = new Map<string, PublishedAmi>();
  for (const event of events) {
    if (event.event === 'published') standing.set(event.ami, event);
    if (event.event === 'withdrawn') standing.delete(event.ami);
  }
  return [...standing.values()].reverse();
}
