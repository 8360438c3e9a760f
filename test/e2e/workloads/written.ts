import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const quoted = (path: string): string => `'${path}'`;

/** All rows of a folder of Parquet, whatever its partitions. */
export const parquet = (folder: string): string =>
  `select * from read_parquet(${quoted(`${folder}/**/*.parquet`)}, hive_partitioning = true)`;

const ORDERS = {
  o_orderkey: 'bigint',
  o_custkey: 'bigint',
  o_orderstatus: 'varchar',
  o_totalprice: 'decimal(15, 2)',
  o_orderdate: 'date',
  o_orderpriority: 'varchar',
  o_clerk: 'varchar',
  o_shippriority: 'int',
  o_comment: 'varchar',
};
const columns = (types: Readonly<Record<string, string>>): string =>
  `columns = {${Object.entries(types)
    .map(([name, type]) => `${name}: '${type}'`)
    .join(', ')}}`;

/** Lines of text as one column; none of them has the separator, which no text has. */
const lines = (files: string, separator = '\\x01'): string =>
  `select value from read_csv(${quoted(files)}, columns = {value: 'varchar'}, header = false, delim = '${separator}',
    quote = '', escape = '')`;
const JOINED = `select concat_ws('|', ${Object.keys(ORDERS).join(', ')}) as value from orders`;

/** What is read where a writer has been, and what it must be equal to. */
export interface Check {
  readonly found: string;
  readonly expected: string;
  /** Folder of ORC files that `found` calls orc. */
  readonly orc?: string;
}

type Checks = Readonly<Record<string, (folder: string) => Check>>;

export const FORMATS: Checks = {
  parquet: (folder) => ({ found: parquet(folder), expected: 'from orders' }),
  orc: (folder) => ({ found: 'from orc', expected: 'from orders', orc: folder }),
  csv: (folder) => ({
    found: `from read_csv('${folder}/*.csv', ${columns(ORDERS)}, header = true, quote = '"', escape = '"')`,
    expected: 'from orders',
  }),
  json: (folder) => ({
    found: `from read_json('${folder}/*.json', ${columns(ORDERS)})`,
    expected: 'from orders',
  }),
  text: (folder) => ({ found: lines(`${folder}/*.txt`), expected: JOINED }),
  rdd: (folder) => ({ found: lines(`${folder}/part-*`), expected: JOINED }),
};

const TRUTH = readFileSync(join(__dirname, 'types.duckdb.sql'), 'utf8');
const TYPED = {
  id: 'int',
  text: 'varchar',
  small: 'decimal(9, 2)',
  large: 'decimal(38, 10)',
  real: 'double',
  yes: 'boolean',
  day: 'date',
  instant: 'timestamptz',
  clock: 'timestamp',
  bytes: 'varchar',
  numbers: 'int[]',
  counts: 'map(varchar, int)',
  part: 'struct(x int, list varchar[])',
};

/** NULL, Unicode, decimals, dates, times, binaries and nested types, where a format can hold them. */
export const TYPES: Checks = {
  // An instant in UTC, which the file does not say.
  'types-parquet': (folder) => ({
    found: `select * replace (instant at time zone 'UTC' as instant) from (${parquet(folder)})`,
    expected: TRUTH,
  }),
  // A time without a zone is a number of microseconds with a note of Spark's own.
  'types-orc': (folder) => ({
    found: `select * replace (
      instant::timestamp at time zone 'UTC' as instant, make_timestamp(clock) as clock
    ) from orc`,
    expected: TRUTH,
    orc: folder,
  }),
  // By default Spark writes no more than milliseconds, and binaries in base 64.
  'types-json': (folder) => ({
    found: `select * replace (from_base64(bytes) as bytes) from read_json('${folder}/*.json', ${columns(TYPED)})`,
    expected: `select * replace (
      date_trunc('millisecond', instant) as instant, date_trunc('millisecond', clock) as clock
    ) from (${TRUTH})`,
  }),
};
