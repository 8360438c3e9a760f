import type { ImageSize, Part } from '../registry/size';
import { formatSize } from '../units';

const column = (bytes: number): string => formatSize(bytes).padStart(10);
const line = ({ path, bytes, files }: Part): string =>
  `${column(bytes)}  ${path}${path.endsWith('/') || files === 1 ? '' : `  (${files.toLocaleString('en')} files)`}`;

/** `kiln image show --size` for people. */
export const sizeText = ({ total, folders, largest }: ImageSize): string =>
  [
    `${column(total.bytes)}  in ${total.files.toLocaleString('en')} files`,
    'Folders, a folder with all that is in it:',
    ...folders.map(line),
    'Largest files:',
    ...largest.map(line),
  ].join('\n');
