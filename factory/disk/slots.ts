import { createHash } from 'node:crypto';

/** What changes together and so stands together: a package, a large file, a folder. */
export interface Item {
  /** Without a version: it decides the place. */
  readonly name: string;
  readonly blocks: number;
}

export interface Slots {
  /** Name -> first block, from 0. */
  readonly starts: ReadonlyMap<string, number>;
  /** Blocks in all. */
  readonly blocks: number;
}

/** The region grows in steps of so many blocks (64 MiB of 4096 bytes), so that it seldom does. */
const STEP = 16384;
/** Room for every eight blocks of slots: in a region that is nearly full, one thing that grows pushes many. */
const ROOM = 9 / 8;
/** Places drawn for an item before the next free one is taken. */
const DRAWS = 128;

const powerBelow = (number: number): number => 2 ** Math.floor(Math.log2(number));
const powerAbove = (number: number): number => 2 ** Math.ceil(Math.log2(Math.max(1, number)));

interface Slot extends Item {
  /** Its size and place are multiples of so many blocks: an eighth of the power of two in it. */
  readonly unit: number;
  readonly slot: number;
}

function slotOf(item: Item): Slot {
  const unit = Math.max(1, powerBelow(item.blocks) / 8);
  return { ...item, unit, slot: Math.ceil(item.blocks / unit) * unit };
}

/** A number from 0 to below 2^48 that is the name's, for each draw another. */
const draw = (name: string, attempt: number): number =>
  createHash('sha256')
    .update(`kiln slot 1\n${name}\n${String(attempt)}\n`)
    .digest()
    .readUIntBE(0, 6);

/** Undefined when something found no place. */
function fill(slots: readonly Slot[], blocks: number): ReadonlyMap<string, number> | undefined {
  // Draws are over a power of two, and those beyond the region do not count: when the region grows by a step,
  // only what is now drawn into it moves.
  const range = powerAbove(blocks);
  const taken = new Uint8Array(blocks);
  const starts = new Map<string, number>();
  const isFree = (start: number, slot: number): boolean => {
    if (start + slot > blocks) return false;
    const next = taken.indexOf(1, start);
    return next === -1 || next >= start + slot;
  };
  for (const { name, unit, slot } of slots) {
    let start: number | undefined;
    for (let attempt = 0; attempt < DRAWS && start === undefined; attempt += 1) {
      const drawn = (draw(name, attempt) % (range / unit)) * unit;
      if (isFree(drawn, slot)) start = drawn;
    }
    for (let next = 0; start === undefined && next + slot <= blocks; next += unit) {
      if (isFree(next, slot)) start = next;
    }
    if (start === undefined) return undefined;
    taken.fill(1, start, start + slot);
    starts.set(name, start);
  }
  return starts;
}

/**
 * A place for every item that depends on its name and hardly on the others: the item gets a slot a little larger
 * than it (a ninth at most), at a place drawn from its name; what is taken already is drawn again, larger
 * slots first. An item that grows within its slot moves nothing; one that outgrows it may push aside smaller
 * ones whose place it now has.
 * The same items have the same places in whatever order they are given: nothing of the past is needed.
 * @throws Error when two items have one name.
 */
export function placeInSlots(items: readonly Item[]): Slots {
  if (new Set(items.map(({ name }) => name)).size !== items.length)
    throw new Error('two items have one name');
  const slots = items
    .map(slotOf)
    .sort((a, b) => b.slot - a.slot || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  const sum = slots.reduce((total, { slot }) => total + slot, 0);
  for (let blocks = Math.ceil((sum * ROOM) / STEP) * STEP; ; blocks += STEP) {
    const starts = fill(slots, blocks);
    if (starts !== undefined) return { starts, blocks };
  }
}
