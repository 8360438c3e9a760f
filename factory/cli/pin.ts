import { Command } from 'commander';

interface Options {
  readonly reason?: string;
  readonly apply?: boolean;
  readonly json?: boolean;
}

async function open() {
  const { openRegistry } = await import('../registry/open.js');
  const { readCatalogue } = await import('../registry/catalogue.js');
  const { settings, home } = openRegistry();
  return { home, catalogue: await readCatalogue(home, settings.image, settings.bakes) };
}

async function find(name: string) {
  const { findImage } = await import('../registry/find-image.js');
  const { imageNotStored } = await import('../registry/errors.js');
  const { home, catalogue } = await open();
  const image = findImage(catalogue, name);
  if (!image.stored) throw imageNotStored(image.digest, home.where);
  return { home, image };
}

/** A pin can outlive its image, which then stands in no list: `kiln gc` stops at such a pin, so it can be ended. */
async function findPin(name: string) {
  const { findDigest } = await import('../registry/find-image.js');
  const { readPins } = await import('../registry/read-marks.js');
  const { home, catalogue } = await open();
  const pins = await readPins(home);
  const known = new Set([...catalogue.images, ...pins].map(({ digest }) => digest));
  const digest = findDigest([...known], catalogue.logs, name);
  return { home, digest, before: pins.find((each) => each.digest === digest) };
}

const UNCHANGED = 'nothing was changed; with --apply it is done';

export function pin(): Command {
  return new Command('pin')
    .description('keep an image from kiln gc; shows the plan, does it with --apply')
    .argument('<image>', 'a digest or its beginning, or a channel that points at it')
    .option('--reason <text>', 'why')
    .option('--apply', 'do it')
    .option('--json', 'print the answer as JSON')
    .addHelpText('after', '\nExample:\n  kiln pin sha256:0f3a91 --reason "the audit of 2026" --apply')
    .action(async (name: string, options: Options) => {
      const { pin: set } = await import('../registry/marks.js');
      const { whoAmI } = await import('../registry/lease.js');
      const { answer } = await import('./output.js');
      const { reasonMissing } = await import('./reason.js');
      const reason = (options.reason ?? '').trim();
      if (reason === '') throw reasonMissing('a pin');
      const { home, image } = await find(name);
      const { digest, pin: before } = image;
      const pinned = { version: 1 as const, digest, reason, by: whoAmI(), at: new Date().toISOString() };
      const applied = options.apply === true && before === undefined && (await set(home, pinned));
      answer(
        options.json === true,
        { digest, pin: before ?? pinned, applied },
        before !== undefined
          ? `${digest} is pinned already, by ${before.by}: ${before.reason}`
          : applied
            ? `pinned ${digest}`
            : `pin ${digest}: ${reason}\n${UNCHANGED}`,
      );
    });
}

export function unpin(): Command {
  return new Command('unpin')
    .description('let kiln gc remove a pinned image again; shows the plan, does it with --apply')
    .argument('<image>', 'a digest or its beginning, or a channel that points at it')
    .option('--apply', 'do it')
    .option('--json', 'print the answer as JSON')
    .addHelpText('after', '\nExample:\n  kiln unpin sha256:0f3a91 --apply')
    .action(async (name: string, options: Options) => {
      const { unpin: clear } = await import('../registry/marks.js');
      const { answer } = await import('./output.js');
      const { home, digest, before } = await findPin(name);
      const applied = options.apply === true && before !== undefined;
      if (applied) await clear(home, digest);
      answer(
        options.json === true,
        { digest, pin: before ?? null, applied },
        before === undefined
          ? `${digest} is not pinned`
          : applied
            ? `unpinned ${digest}`
            : `unpin ${digest}, pinned by ${before.by}: ${before.reason}\n${UNCHANGED}`,
      );
    });
}
