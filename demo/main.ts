import { mkdirSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { Listr, PRESET_TIMER, PRESET_TIMESTAMP } from 'listr2';
import type { ListrTask } from 'listr2';
import { STACK } from './context';
import type { Context } from './context';
import { lookForTraces, newTraces } from './leftovers';
import { STEPS } from './steps';
import { CommandFailed, Interrupted, Shell } from './shell';
import type { Command } from './shell';
import { tidy } from './tidy';
import { formatDuration } from '../factory/units';

const home = dirname(dirname(__dirname));
const folder = join(home, '.kiln', 'demo');
const log = join(folder, 'demo.log');
const cache =
  process.env['KILN_CACHE'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'kiln');

function say(text = ''): void {
  process.stdout.write(`${text}\n`);
}

type Parent = Parameters<ListrTask<Context>['task']>[1];

/** Runs a command of a step; on a terminal its newest line stands below the step until the next one comes. */
async function runShown(shell: Shell, parent: Parent, command: Command): Promise<{ stdout: string }> {
  const title = `$ ${command.shown ?? command.words.join(' ')}`;
  if (process.stdout.isTTY) {
    parent.output = title;
    return await shell.run(command, (line) => {
      parent.output = `${title}\n${line}`;
    });
  }
  let answer = { stdout: '' };
  const task: ListrTask['task'] = async (_, own) => {
    answer = await shell.run(command, (line) => {
      own.output = line;
    });
  };
  await parent.newListr({ title, task }, { fallbackRendererOptions: { timer: PRESET_TIMER } }).run();
  return answer;
}

const tasks = (context: Context): ListrTask<Context>[] =>
  STEPS.map(({ title, work }, index) => ({
    title: `${index + 1}/${STEPS.length} ${title}`,
    task: async (_, parent): Promise<void> => {
      await work(context, (command) => runShown(context.shell, parent, command));
    },
  }));

/** What is here before and must be here after: nothing more. */
const traces = (): ReturnType<typeof lookForTraces> =>
  lookForTraces(
    [home, cache],
    [join(home, '.kiln', 'store'), '/run/kiln/clusters', process.env['TMPDIR'] ?? folder],
  );

async function main(): Promise<number> {
  const began = Number(process.env['KILN_DEMO_BEGAN'] ?? Date.now() / 1000);
  mkdirSync(folder, { recursive: true });
  rmSync(log, { force: true });
  const env: Record<string, string | undefined> = {
    ...process.env,
    KILN_DEMO_BEGAN: undefined,
    NO_COLOR: '1',
  };
  const shell = new Shell({ cwd: home, env, log });
  const context: Context = {
    shell,
    home,
    folder,
    cache,
    project: home,
    image: '',
    remarks: [],
    report: '',
    proof: '',
  };
  const stop = (): void => {
    // The namespaces end with this process, and all that runs in them.
    if (shell.interrupt()) process.exit(130);
    say('\ndemo: stopping; once more ends it at once');
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);

  await tidy(context, say, 'an earlier one left its cluster: removing it');
  const before = traces();
  const list = new Listr(tasks(context), {
    ctx: context,
    registerSignalListeners: false,
    renderer: 'default',
    rendererOptions: { timer: PRESET_TIMER, collapseSubtasks: false, suffixSkips: true },
    fallbackRenderer: 'simple',
    fallbackRendererOptions: { timer: PRESET_TIMER, timestamp: PRESET_TIMESTAMP },
  });
  try {
    await list.run();
    const left = newTraces(before, traces());
    if (left.length > 0) {
      say(`\ndemo: it left something behind:\n  ${left.join('\n  ')}`);
      return 3;
    }
  } catch (error) {
    shell.resume();
    await tidy(context, say, 'removing the cluster');
    if (error instanceof Interrupted) {
      say('demo: stopped; nothing is left');
      return 130;
    }
    if (!(error instanceof CommandFailed)) throw error;
    say(`\ndemo: ${error.message}:\n  ${error.tail.join('\n  ')}\n  the whole log: ${log}`);
    return 3;
  }
  say(`\n${context.report}\n\n${context.proof}\n`);
  for (const remark of context.remarks) say(`Note: ${remark}`);
  say(`image    ${context.image}`);
  say(`log      ${log}`);
  say(
    `All ${STEPS.length} steps done in ${formatDuration(Date.now() - 1000 * began)}; nothing of it runs any more (stack ${STACK}).`,
  );
  return 0;
}

void main().then((code) => {
  process.exitCode = code;
});
