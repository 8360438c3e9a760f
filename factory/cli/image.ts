import { Command } from 'commander';

export function image(): Command {
  const command = new Command('image').description('look at one image');
  command
    .command('show')
    .description('what an image is made of, what was proven of it, where it is')
    .argument('<image>', 'a digest or its beginning, or a channel')
    .option('--size', 'where its megabytes are, by folder and file')
    .option('--json', 'print the answer as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  kiln image show production\n  kiln image show sha256:0f3a91\n  kiln image show candidate --size',
    )
    .action(async (name: string, options: { size?: boolean; json?: boolean }) => {
      const { openRegistry } = await import('../registry/open.js');
      const { findImage } = await import('../registry/find-image.js');
      const { imageFiles } = await import('../registry/image-files.js');
      const { readCatalogue } = await import('../registry/catalogue.js');
      const { imagePage, summary } = await import('../registry/show.js');
      const { unsupported } = await import('../spec/support.js');
      const { answer } = await import('./output.js');
      const { registryProgress } = await import('./registry-progress.js');
      const { settings, home } = openRegistry();
      const found = findImage(await readCatalogue(home, settings.image, settings.bakes), name);
      if (options.size === true) {
        const { imageSize } = await import('../registry/size.js');
        const { sizeText } = await import('./size-view.js');
        const folder = await imageFiles(home, settings, found, registryProgress('reading'));
        const size = await imageSize({ record: found.record, folder });
        answer(options.json === true, { digest: found.digest, ...size }, sizeText(size));
        return;
      }
      answer(
        options.json === true,
        {
          ...summary(found),
          unsupported: unsupported(found.record.versions, Date.now()),
          record: found.record,
          verdicts: found.verdicts,
        },
        imagePage(found, Date.now()),
      );
    });
  command
    .command('diff')
    .description('what differs between two images: packages, files, and blocks of the disk')
    .argument('<before>', 'a digest or its beginning, or a channel')
    .argument('<after>', 'a digest or its beginning, or a channel')
    .option('--exit-code', 'exit with 1 when they differ')
    .option('--json', 'print the answer as JSON, with every file')
    .addHelpText(
      'after',
      '\nExamples:\n  kiln image diff production candidate\n  kiln image diff 0f3a91 7bc2d0 --json',
    )
    .action(async (before: string, after: string, options: { exitCode?: boolean; json?: boolean }) => {
      const { openRegistry } = await import('../registry/open.js');
      const { findImage } = await import('../registry/find-image.js');
      const { imageFiles } = await import('../registry/image-files.js');
      const { readCatalogue } = await import('../registry/catalogue.js');
      const { diffImages, isSame } = await import('../diff/diff.js');
      const { diffText } = await import('./diff-view.js');
      const { registryProgress } = await import('./registry-progress.js');
      const { answer } = await import('./output.js');
      const { settings, home } = openRegistry();
      const catalogue = await readCatalogue(home, settings.image, settings.bakes);
      const files = async (name: string) => {
        const found = findImage(catalogue, name);
        const folder = await imageFiles(home, settings, found, registryProgress('reading'));
        return { record: found.record, folder };
      };
      const diff = await diffImages(await files(before), await files(after));
      answer(options.json === true, diff, diffText(diff));
      if (options.exitCode === true && !isSame(diff)) process.exitCode = 1;
    });
  return command;
}
