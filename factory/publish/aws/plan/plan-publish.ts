import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import type { CatalogueImage } from '../../../registry/catalogue';
import { deprecations } from './deprecation';
import type { DiskBlocks } from './disk-blocks';
import type { Effects } from '../effects';
import { journalPath, readJournal, type Journalled } from '../journal';
import { type Leftover, leftovers } from './leftovers';
import { lookAt, type Seen } from './look';
import type { PublishPlan, RegionPlan } from './plan';
import { volumeSize } from './plan-blocks';
import { diskOf, planUpload } from './plan-upload';
import type { Place } from '../../platform';
import { readAws } from '../publications';
import type { Asked } from '../request';
import { readDisk } from './read-disk';
import { standing, type Standing } from '../standing';
import { amiName } from '../tags';

/** A plan, and what it was made from that carrying it out needs. */
export interface Planned {
  readonly plan: PublishPlan;
  readonly target: CatalogueImage;
  readonly disk: string;
  /** undefined when nothing is compared with the disk. */
  readonly blocks: DiskBlocks | undefined;
  readonly journal: string;
  readonly resume: Journalled | undefined;
  readonly publisher: string;
}

/** Names this project on this host, so that what its runs left can be told from the work of others. */
const publisherOf = (state: string): string =>
  `${hostname()}-${createHash('sha256').update(state).digest('hex').slice(0, 12)}`;

interface Question {
  readonly target: CatalogueImage;
  readonly asked: Asked;
  /** What stands at AWS by the registry, of all images, oldest first. */
  readonly standing: readonly Standing[];
  readonly publisher: string;
  readonly journal: string;
}

interface First {
  readonly region: RegionPlan;
  readonly blocks: DiskBlocks | undefined;
  readonly resume: Journalled | undefined;
}

/**
 * Looks at AWS and at the registry, reads the disks, and plans; changes nothing.
 * @throws KilnError `digest-differs`, `ami-name-taken`, `registry-damaged`, and what explainAws says.
 */
export async function planPublish(
  effects: Effects,
  place: Place,
  target: CatalogueImage,
  asked: Asked,
): Promise<Planned> {
  const { home, catalogue, state } = place;
  const [region = '', ...others] = asked.regions;
  const { record, digest } = target;
  const publications = await Promise.all(
    catalogue.images.map(async (image) => standing(await readAws(home, image.digest))),
  );
  const question: Question = {
    target,
    asked,
    standing: publications.flat().sort((a, b) => a.published.at.localeCompare(b.published.at)),
    publisher: publisherOf(state),
    journal: journalPath(state, region, digest),
  };
  const first = await planFirst(effects, place, question, region);
  return {
    plan: {
      record,
      name: amiName(record),
      store: !target.stored,
      verify: asked.verify,
      regions: [
        first.region,
        ...(await Promise.all(others.map((other) => planCopy(effects, place, question, other, region)))),
      ],
    },
    target,
    disk: await diskOf(place, target),
    blocks: first.blocks,
    journal: question.journal,
    resume: first.resume,
    publisher: question.publisher,
  };
}

/** What can be gone on with of a journal: it must have begun what is asked for now. */
function usable(
  left: Journalled | undefined,
  { target, asked }: Question,
  region: string,
): Journalled | undefined {
  if (left?.snapshot === undefined) return undefined;
  const { kmsKey, volumeSize: size, parent } = left.intent;
  const same =
    kmsKey === (asked.kmsKeys.get(region) ?? null) &&
    size === volumeSize(target.record.size) &&
    (parent === null || !asked.whole);
  return same ? left : undefined;
}

async function planFirst(effects: Effects, place: Place, question: Question, region: string): Promise<First> {
  const { target, asked } = question;
  const left = readJournal(question.journal);
  const seen = await lookAt(effects, region, target.record, left);
  const common = inEvery(effects, place, question, region, seen);
  const read = async (): Promise<DiskBlocks> =>
    await readDisk(effects, await diskOf(place, target), target.digest);
  if (seen.ami !== undefined) {
    return {
      region: {
        ...common,
        way: { kind: 'there', ami: seen.ami.ami, recorded: isRecorded(question, region, seen) },
      },
      blocks: asked.verify ? await read() : undefined,
      resume: undefined,
    };
  }
  const going = usable(left, question, region);
  const found = leftoversIn(effects, question, region, seen, { resumable: going?.snapshot, adoptable: true });
  const blocks = await read();
  const whole = found.find(({ action }) => action === 'adopt');
  if (whole !== undefined) {
    return {
      region: { ...common, leftovers: found, way: { kind: 'adopt', snapshot: whole.snapshot } },
      blocks,
      resume: undefined,
    };
  }
  const { upload, resume } = await planUpload(effects, place, asked, {
    target,
    blocks,
    region,
    seen,
    standing: question.standing.filter(({ published }) => published.region === region),
    resume: found.some(({ action }) => action === 'resume') ? going : undefined,
  });
  return {
    region: {
      ...common,
      leftovers: resume === undefined ? found.map(given) : found,
      way: { kind: 'upload', upload, resume: resume?.snapshot },
    },
    blocks,
    resume,
  };
}

async function planCopy(
  effects: Effects,
  place: Place,
  question: Question,
  region: string,
  from: string,
): Promise<RegionPlan> {
  const seen = await lookAt(effects, region, question.target.record);
  return {
    ...inEvery(effects, place, question, region, seen),
    way:
      seen.ami === undefined
        ? { kind: 'copy', from }
        : { kind: 'there', ami: seen.ami.ami, recorded: isRecorded(question, region, seen) },
  };
}

const isRecorded = ({ standing: all }: Question, region: string, { ami }: Seen): boolean =>
  all.some(({ published }) => published.region === region && published.ami === ami?.ami);

function leftoversIn(
  { pause }: Effects,
  { target, asked, publisher }: Question,
  region: string,
  { snapshots, images, encryptedByDefault }: Seen,
  use: { readonly resumable: string | undefined; readonly adoptable: boolean },
): readonly Leftover[] {
  return leftovers({
    digest: target.digest,
    publisher,
    now: pause.now(),
    snapshots,
    images,
    ...use,
    kmsKey: asked.kmsKeys.get(region),
    encryptedByDefault,
  });
}

/** What cannot be gone on with after all. */
const given = (each: Leftover): Leftover =>
  each.action === 'resume' ? { ...each, action: 'delete', why: 'its parent snapshot is gone' } : each;

/** What every region has, whichever way the image comes there; a whole snapshot is of use only where one is made. */
function inEvery(
  effects: Effects,
  { catalogue }: Place,
  question: Question,
  region: string,
  seen: Seen,
): Omit<RegionPlan, 'way'> {
  const { target, asked } = question;
  const here = question.standing.filter(({ published }) => published.region === region);
  const own = here.findLast(({ published }) => published.digest === target.digest);
  const kmsKey = asked.kmsKeys.get(region);
  return {
    region,
    kmsKey,
    encrypted: kmsKey !== undefined || seen.encryptedByDefault,
    share: asked.share.filter((account) => own?.accounts.includes(account) !== true),
    leftovers: leftoversIn(effects, question, region, seen, { resumable: undefined, adoptable: false }),
    deprecate: asked.deprecate ? deprecations(here, catalogue.logs, effects.pause.now()) : [],
  };
}
