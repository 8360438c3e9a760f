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
/** Space for every eight blocks of slots: in a region that is nearly full, one thing that grows pushes many. */
const SPACE = 9 / 8;
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
  for (let blocks = Math.ceil((sum * SPACE) / STEP) * STEP; ; blocks += STEP) {
    const starts = fill(slots, blocks);
    if (starts !== undefined) return { starts, blocks };
  }
}

/** Blocks of a cell: 16 MiB. */
export const CELL = 4096;
/** An item above a quarter of a cell has one of its own. */
const SHARED = CELL / 4;
/** Space for every four of what shares: slots of a cell, cells of the region. */
const SPARE = 5 / 4;
/** The region grows by so many cells. */
const CELL_STEP = 8;

/** In turns that depend on nothing but the names, each takes a seat it draws, or draws again. */
function seat(names: readonly string[], seats: number): ReadonlyMap<string, number> {
  const range = powerAbove(seats);
  const taken = new Uint8Array(seats);
  const found = new Map<string, number>();
  for (const name of [...names].sort((a, b) => draw(a, -1) - draw(b, -1) || (a < b ? -1 : 1))) {
    let place = seats;
    for (let attempt = 0; place >= seats || taken[place] === 1; attempt += 1) {
      // Whoever has no luck takes the first that is free.
      place = attempt < DRAWS ? draw(name, attempt) % range : attempt - DRAWS;
    }
    taken[place] = 1;
    found.set(name, place);
  }
  return found;
}

/** Cell -> names in it, of items that all have slots of one size: each goes to the cell that ranks highest for its name (rendezvous hashing). */
function share(names: readonly string[], cells: number, seats: number): readonly (readonly string[])[] {
  const members: string[][] = Array.from({ length: cells }, () => []);
  for (const name of [...names].sort()) {
    const [best] = members
      .map((cell, index) => ({ cell, liking: draw(`${name}\n${String(index)}`, 0) }))
      .filter(({ cell }) => cell.length < seats)
      .sort((a, b) => b.liking - a.liking);
    if (best === undefined) throw new Error(`no slot is left for ${name}`);
    best.cell.push(name);
  }
  return members;
}

/**
 * The same promise for items of up to a cell that grow and shrink, as packages do. Cells are all alike, so one more
 * or less pushes aside hardly another. A large item has a cell of its own to grow in; small ones share cells
 * with others of their power of two of blocks, each in a slot of that size. It costs more space than
 * placeInSlots, in holes.
 * @throws Error when two items have one name, or one is larger than a cell.
 */
export function placeInCells(items: readonly Item[]): Slots {
  if (new Set(items.map(({ name }) => name)).size !== items.length)
    throw new Error('two items have one name');
  const classes = new Map<number, string[]>();
  /** Cell -> what stands in it, from its first block. */
  const cells = new Map<string, ReadonlyMap<string, number>>();
  for (const { name, blocks } of items) {
    if (blocks > CELL) throw new Error(`${name} is larger than a cell`);
    if (blocks > SHARED) {
      cells.set(`item ${name}`, new Map([[name, 0]]));
      continue;
    }
    const slot = powerAbove(blocks);
    classes.set(slot, [...(classes.get(slot) ?? []), name]);
  }
  for (const [slot, names] of classes) {
    const wanted = Math.ceil(names.length * SPARE);
    const seats = Math.min(CELL / slot, powerAbove(wanted));
    for (const [index, members] of share(names, Math.ceil(wanted / seats), seats).entries()) {
      const offsets = [...seat(members, seats)].map(([name, place]) => [name, place * slot] as const);
      cells.set(`class ${String(slot)} cell ${String(index)}`, new Map(offsets));
    }
  }
  const count = Math.ceil((cells.size * SPARE) / CELL_STEP) * CELL_STEP;
  const places = seat([...cells.keys()], count);
  const starts = new Map<string, number>();
  for (const [cell, offsets] of cells) {
    for (const [name, offset] of offsets) starts.set(name, (places.get(cell) ?? 0) * CELL + offset);
  }
  return { starts, blocks: count * CELL };
}
