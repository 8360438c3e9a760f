import { defined } from '../defined';
import { KilnError } from '../errors';
import type { Http } from '../ports/inputs/http';
import type { Mirrors, Registry } from '../ports/inputs/mirrors';
import type { Finding } from './finding';

/** A small thing each registry has, and what cannot be done without it. */
const PROBES: Readonly<Record<Registry, { readonly path: string; readonly means: string }>> = {
  debian: { path: 'dists/stable/Release', means: 'kiln lock cannot resolve Debian packages' },
  'debian-security': {
    path: 'dists/stable-security/Release',
    means: 'kiln lock cannot resolve security updates',
  },
  pypi: { path: 'pyspark/', means: 'kiln lock cannot resolve Spark and Python packages' },
  maven: {
    path: 'org/apache/hadoop/hadoop-aws/maven-metadata.xml',
    means: 'kiln lock cannot resolve Hadoop’s libraries',
  },
};

async function ask(registry: Registry, mirrors: Mirrors, http: Http): Promise<Finding> {
  const { path, means } = PROBES[registry];
  const subject = `registry ${registry}`;
  try {
    const response = await http.request(`${await mirrors.base(registry)}/${path}`, { method: 'HEAD' });
    await response.discard();
    if (response.status < 400) return { subject, state: 'here', detail: 'answers' };
    return {
      subject,
      state: 'lack',
      detail: `answers with status ${response.status}`,
      means,
      remedy: 'see that its client (apt, pip, Maven) is set to a whole mirror',
    };
  } catch (error) {
    if (!(error instanceof KilnError)) throw error;
    return {
      subject,
      state: 'lack',
      detail: error.message,
      means: `${means}; a bake takes what the cache holds`,
      ...defined({ remedy: error.hint }),
    };
  }
}

/** Whether the registries that this machine's clients name answer. */
export const registryFindings = (mirrors: Mirrors, http: Http): Promise<Finding[]> =>
  Promise.all((Object.keys(PROBES) as Registry[]).map((registry) => ask(registry, mirrors, http)));
