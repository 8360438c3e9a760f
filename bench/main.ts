import Table from 'cli-table3';
import { classData } from './class-data';
import { locality } from './locality';
import { memory } from './memory';
import { nightly } from './nightly';
import { publish } from './publish';
import { rebuild } from './rebuild';
import { holds, type Result } from './result';
import { synthesis } from './synth';

/*
 * npm run bench [-- NAME… [--json]]: ratios measured in one run, each against its goal. Exit code 1 when one is
 * missed.
 */
const BENCHES: Readonly<Record<string, () => Promise<readonly Result[]>>> = {
  'class-data': classData,
  locality,
  memory,
  nightly,
  publish,
  rebuild,
  synth: synthesis,
};

async function main(words: readonly string[]): Promise<number> {
  const json = words.includes('--json');
  const names = words.filter((word) => word !== '--json');
  const wanted = names.length === 0 ? Object.keys(BENCHES) : names;
  const results: Result[] = [];
  for (const name of wanted) {
    const bench = BENCHES[name];
    if (bench === undefined) {
      process.stderr.write(`there is no bench ${name}; there are: ${Object.keys(BENCHES).join(', ')}\n`);
      return 2;
    }
    results.push(...(await bench()));
  }
  if (json) {
    process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
  } else {
    const table = new Table({ head: ['BENCH', 'RATIO', 'GOAL', '', 'MEASURED'], style: { head: [] } });
    for (const result of results) {
      const { name, ratio, goal, detail } = result;
      table.push([name, ratio.toFixed(4), goal, holds(result) ? 'held' : 'MISSED', detail]);
    }
    process.stdout.write(`${table.toString()}\n`);
  }
  return results.every(holds) ? 0 : 1;
}

void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
