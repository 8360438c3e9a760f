import { registryDamaged } from './errors';

const decoder = new TextDecoder('utf-8', { fatal: true });

/** @throws KilnError `registry-damaged` for bytes that are no UTF-8. */
export function textOf(key: string, bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw registryDamaged([{ where: key, what: 'is no UTF-8 text' }]);
  }
}

export const tooLarge = (key: string, limit: number) =>
  registryDamaged([{ where: key, what: `is larger than the ${String(limit)} bytes that it may have` }]);
