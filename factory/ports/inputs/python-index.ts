import { z } from 'zod';
import { KilnError } from '../../errors';
import type { Http } from './http';

/** PEP 691, the fields kiln uses. */
const Page = z.object({
  files: z.array(
    z.object({
      filename: z.string(),
      url: z.string(),
      hashes: z.object({ sha256: z.string().optional() }),
      size: z.int().optional(),
      yanked: z.union([z.boolean(), z.string()]).optional(),
      'requires-python': z.string().nullish(),
    }),
  ),
});

export interface IndexFile {
  readonly file: string;
  readonly url: string;
  readonly sha256: string;
  readonly size: number;
  readonly yanked: boolean;
  /** PEP 440 specifiers, as the index has them. */
  readonly requiresPython: string | undefined;
}

/** PEP 503: the one spelling of a project's name. */
export const normalised = (project: string): string => project.toLowerCase().replace(/[-_.]+/g, '-');

/** Pages of a Python package index, each asked for once. */
export class PythonIndex {
  private readonly pages = new Map<string, Promise<readonly IndexFile[] | undefined>>();

  constructor(
    private readonly http: Http,
    private readonly base: () => Promise<string>,
  ) {}

  /** The project's files with a sha256 and a size; undefined when the index does not know the project. */
  files(project: string): Promise<readonly IndexFile[] | undefined> {
    const name = normalised(project);
    const page = this.pages.get(name) ?? this.read(name);
    this.pages.set(name, page);
    return page;
  }

  private async read(name: string): Promise<readonly IndexFile[] | undefined> {
    const url = `${await this.base()}/${name}/`;
    const response = await this.http.request(url, {
      headers: { accept: 'application/vnd.pypi.simple.v1+json' },
    });
    if (response.status === 404) {
      await response.discard();
      return undefined;
    }
    const fault = (what: string, cause?: unknown): KilnError =>
      new KilnError({
        code: 'bad-index',
        what: `the Python index answers ${what} for ${name}`,
        hint: 'kiln needs an index with the JSON simple API (PEP 691); name one: KILN_MIRROR_PYPI=ADDRESS kiln …',
        cause,
      });
    if (response.status !== 200) throw fault(`status ${String(response.status)}`);
    const text = await response.text();
    let page: z.infer<typeof Page>;
    try {
      page = Page.parse(JSON.parse(text));
    } catch (error) {
      throw fault('no JSON of that form', error);
    }
    return page.files.flatMap((f) =>
      f.hashes.sha256 === undefined || f.size === undefined
        ? []
        : [
            {
              file: f.filename,
              url: new URL(f.url, url).href,
              sha256: f.hashes.sha256,
              size: f.size,
              yanked: f.yanked !== undefined && f.yanked !== false,
              requiresPython: f['requires-python'] ?? undefined,
            },
          ],
    );
  }
}
