import { execFileSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import type { Rows } from './same';

const HOME = resolve(__dirname, '../../..');
const Answers = z.record(z.string(), z.array(z.array(z.json())));

export interface Sources {
  /** Queries by the names under which others read them. */
  readonly views?: Readonly<Record<string, string>>;
  /** Folders of ORC files by such names. */
  readonly orc?: Readonly<Record<string, string>>;
}

/** DuckDB on this machine, which knows nothing of Spark; engine.py. */
export class Engine {
  private constructor(private readonly bin: string) {}

  static install(): Engine {
    const venv = execFileSync(join(HOME, 'tools/python/own-venv'), ['duckdb'], { encoding: 'utf8' });
    return new Engine(join(venv.trim(), 'bin'));
  }

  /** TPC-H's tables as Parquet, one file each. */
  generate(scale: number, folder: string): void {
    const args = ['parquet', '--quiet', '--scale-factor', String(scale), '--output-dir', folder];
    execFileSync(join(this.bin, 'tpchgen-cli'), args, { stdio: ['ignore', 'ignore', 'inherit'] });
  }

  all(queries: Readonly<Record<string, string>>, sources: Sources = {}): Readonly<Record<string, Rows>> {
    const stdout = execFileSync(join(this.bin, 'python'), [join(__dirname, 'engine.py')], {
      input: JSON.stringify({ ...sources, queries }),
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    return Answers.parse(JSON.parse(stdout));
  }

  rows(query: string, sources: Sources = {}): Rows {
    return this.all({ query }, sources)['query'] ?? [];
  }

  /** Rows that only one of two queries has; at most five. */
  unlike(found: string, expected: string, sources: Sources = {}): Rows {
    return this.rows(
      `with found as (${found}), expected as (${expected})
      (select 'only found' as side, * from (from found except all from expected))
      union all (select 'only expected', * from (from expected except all from found))
      limit 5`,
      sources,
    );
  }
}
