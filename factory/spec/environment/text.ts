/** What is in a text file, or why it is none. */
export type Decoded = { readonly text: string } | { readonly what: string; readonly hint: string };

const BYTE_ORDER_MARKS = [
  { encoding: 'utf-8', bytes: [0xef, 0xbb, 0xbf] },
  { encoding: 'utf-16le', bytes: [0xff, 0xfe] },
  { encoding: 'utf-16be', bytes: [0xfe, 0xff] },
];

/** UTF-8, or what its byte order mark says: PowerShell writes UTF-16 where its output is redirected. */
export function decode(bytes: Uint8Array): Decoded {
  const encoding =
    BYTE_ORDER_MARKS.find((mark) => mark.bytes.every((byte, i) => bytes[i] === byte))?.encoding ?? 'utf-8';
  try {
    const text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
    if (!text.includes('\0')) return { text };
  } catch {
    // Said below.
  }
  return { what: `is not text in ${encoding.toUpperCase()}`, hint: 'save it as UTF-8' };
}
