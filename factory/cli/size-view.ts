import type { ImageSize, Part } from '../registry/size';

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`.padStart(10);
const line = ({ path, bytes, files }: Part): string =>
  `${megabytes(bytes)}  ${path}${path.endsWith('/') || files === 1 ? '' : `  (${files.toLocaleString('en')} files)`}`;

/** `kiln image show --size` for people. */
export const sizeText = ({ total, folders, largest }: ImageSize): string =>
  [
    `${megabytes(total.bytes)}  in ${total.files.toLocaleString('en')} files`,
    'Folders, a folder with all that is in it:',
    ...folders.map(line),
    'Largest files:',
    ...largest.map(line),
  ].join('\n');
