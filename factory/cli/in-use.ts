import { Command } from 'commander';

interface Json {
  readonly json?: boolean;
}

async function list({ json }: Json): Promise<void> {
  const { openRegistry } = await import('../registry/open.js');
  const { readUses } = await import('../registry/read-marks.js');
  const { answer } = await import('./output.js');
  const { home } = openRegistry();
  const uses = await readUses(home);
  answer(
    json === true,
    { uses },
    uses.length === 0
      ? 'no machine is reported to run an image'
      : uses
          .map(
            ({ reporter, digest, cluster, nodes, at }) =>
              `${reporter}  ${digest.slice(0, 19)}  ${cluster}: ${nodes.join(', ')}  (${at})`,
          )
          .join('\n'),
  );
}

/** `kiln in-use`: which machines run which image, as they or their cluster report. */
export function inUse(): Command {
  const command = new Command('in-use').description(
    'which machines run which image, as reported; kiln gc keeps those images, kiln revoke names the machines',
  );
  command
    .command('list', { isDefault: true })
    .description('all reports')
    .option('--json', 'print the answer as JSON')
    .addHelpText('after', '\nExample:\n  kiln in-use')
    .action(list);
  command
    .command('report')
    .description("say what a cluster's machines run, in place of what the same reporter said before")
    .argument('<image>', 'a digest or its beginning, or a channel that points at it')
    .requiredOption('--cluster <name>', 'the cluster')
    .requiredOption('--node <names...>', 'names or addresses of its machines')
    .option('--reporter <name>', 'who says so (default: the cluster)')
    .option('--json', 'print the answer as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  kiln in-use report production --cluster nightly --node 10.0.1.4 10.0.1.5',
    )
    .action(async (name: string, options: Json & { cluster: string; node: string[]; reporter?: string }) => {
      const { openRegistry } = await import('../registry/open.js');
      const { findImage } = await import('../registry/find-image.js');
      const { readCatalogue } = await import('../registry/catalogue.js');
      const { InUse } = await import('../contracts/registry.js');
      const { KilnError } = await import('../errors.js');
      const { imageNotStored } = await import('../registry/errors.js');
      const { whoAmI } = await import('../registry/lease.js');
      const { reportUse } = await import('../registry/marks.js');
      const { answer } = await import('./output.js');
      const { settings, home } = openRegistry();
      const found = findImage(await readCatalogue(home, settings.image, settings.bakes), name);
      if (!found.stored) throw imageNotStored(found.digest, home.where);
      const { cluster, node: nodes, reporter = cluster } = options;
      const use = InUse.safeParse({
        version: 1,
        reporter,
        digest: found.digest,
        cluster,
        nodes,
        by: whoAmI(),
        at: new Date().toISOString(),
      });
      if (!use.success) {
        throw new KilnError({
          code: 'bad-report',
          what: 'this is no report of use',
          faults: use.error.issues.map(({ path, message }) => ({ where: path.join('.'), what: message })),
          exitCode: 2,
        });
      }
      await reportUse(home, use.data);
      answer(options.json === true, use.data, `${cluster} runs ${found.digest}, says ${reporter}`);
    });
  command
    .command('clear')
    .description('forget a report: its machines are gone')
    .argument('<reporter>', 'as kiln in-use lists it')
    .option('--json', 'print the answer as JSON')
    .addHelpText('after', '\nExample:\n  kiln in-use clear nightly')
    .action(async (reporter: string, { json }: Json) => {
      const { openRegistry } = await import('../registry/open.js');
      const { readUses } = await import('../registry/read-marks.js');
      const { KilnError } = await import('../errors.js');
      const { clearUse } = await import('../registry/marks.js');
      const { answer } = await import('./output.js');
      const { home } = openRegistry();
      if (!(await readUses(home)).some((use) => use.reporter === reporter)) {
        throw new KilnError({
          code: 'unknown-reporter',
          what: `nobody called ${reporter} reports a use`,
          hint: 'kiln in-use lists who does',
          exitCode: 2,
        });
      }
      await clearUse(home, reporter);
      answer(json === true, { cleared: reporter }, `forgot what ${reporter} reported`);
    });
  return command;
}
