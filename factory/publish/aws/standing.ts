import type { AwsPublication, PublishedAmi } from '../../contracts/publications/aws';

/** An AMI as the registry's documents leave it. */
export interface Standing {
  readonly published: PublishedAmi;
  /** Accounts it was shared with, sorted. */
  readonly accounts: readonly string[];
  /** From when it is deprecated; undefined: it is not. */
  readonly deprecatedFrom: string | undefined;
}

/** What of an image stands at AWS now: the sum of its publications, oldest first. Key: region and AMI. */
export function standing(publications: readonly AwsPublication[]): readonly Standing[] {
  const found = new Map<string, Standing>();
  for (const each of publications) {
    const key = `${each.region} ${each.ami}`;
    const before = found.get(key);
    switch (each.event) {
      case 'published':
        found.set(key, before ?? { published: each, accounts: [], deprecatedFrom: undefined });
        break;
      case 'shared':
        if (before !== undefined)
          found.set(key, {
            ...before,
            accounts: [...new Set([...before.accounts, ...each.accounts])].sort(),
          });
        break;
      case 'deprecated':
        if (before !== undefined) found.set(key, { ...before, deprecatedFrom: each.from ?? undefined });
        break;
      case 'withdrawn':
        found.delete(key);
    }
  }
  return [...found.values()];
}
