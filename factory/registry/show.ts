import Table from 'cli-table3';
import type { Verdict } from '../contracts/verdict';
import type { PackageChange } from '../diff/packages';
import type { CatalogueImage } from './catalogue';
import { shortDigest } from './errors';
import { nameOf } from './gates/gate';
import type { Change } from './history';
import { isAllowed } from './plan';
import type { MovePlan } from './plan';
import { unsupported, unsupportedText } from '../spec/support';
import { formatSize, formatSizeChange } from '../units';

/** Borderless: reads well in a terminal, a log and a mail. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const none = Object.fromEntries(
    [
      'top top-mid top-left top-right bottom bottom-mid bottom-left bottom-right',
      'left left-mid mid mid-mid right right-mid',
    ].flatMap((names) => names.split(' ').map((name) => [name, ''])),
  );
  const made = new Table({
    head: [...head],
    chars: { ...none, middle: '  ' },
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 0 },
  });
  made.push(...rows.map((row) => [...row]));
  return made
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

const orDash = (words: readonly string[]): string => (words.length === 0 ? '-' : words.join(', '));

/** Newest of each kind. */
const newest = (verdicts: readonly Verdict[]): readonly Verdict[] => [
  ...new Map(
    [...verdicts].sort((a, b) => a.at.localeCompare(b.at)).map((verdict) => [verdict.kind, verdict]),
  ).values(),
];

const HOUR = 3_600_000;

/** How long ago, as people say it: `5 h`, `12 d`. */
function age(since: number, now: number): string {
  const hours = Math.max(0, (now - since) / HOUR);
  return hours < 48 ? `${hours.toFixed(0)} h` : `${(hours / 24).toFixed(0)} d`;
}

const places = ({ bake, stored }: CatalogueImage): readonly string[] => [
  ...(bake === undefined ? [] : ['here']),
  ...(stored ? ['registry'] : []),
];

/** One image of `kiln images --json`. */
export function summary(image: CatalogueImage): Readonly<Record<string, unknown>> {
  const { digest, record, stored, bake, channels } = image;
  return {
    digest,
    image: record.image,
    contentId: record.contentId,
    size: record.size,
    versions: record.versions,
    channels,
    verdicts: newest(image.verdicts).map(({ kind, ok, at }) => ({ kind, ok, at })),
    stored,
    storedAt: image.storedAt === undefined ? null : new Date(image.storedAt).toISOString(),
    bake: bake ?? null,
    revoked: image.revoked ?? null,
    pin: image.pin ?? null,
    uses: image.uses ?? [],
  };
}

export function imagesTable(images: readonly CatalogueImage[], now: number): string {
  if (images.length === 0) return 'no image yet: kiln bake makes one';
  return table(
    ['IMAGE', 'AGE', 'DISK', 'SPARK', 'JAVA', 'PYTHON', 'CHANNELS', 'VERDICTS', 'WHERE'],
    images.map((image) => [
      shortDigest(image.digest),
      image.storedAt === undefined ? '-' : age(image.storedAt, now),
      formatSize(image.record.size),
      ...['spark', 'java', 'python'].map((name) => image.record.versions[name] ?? '-'),
      orDash(image.channels),
      orDash([
        ...(image.revoked === undefined ? [] : ['REVOKED']),
        ...newest(image.verdicts).map(({ kind, ok }) => (ok ? kind : `not ${kind}`)),
      ]),
      orDash([...places(image), ...(image.pin === undefined ? [] : ['pinned'])]),
    ]),
  );
}

export function imagePage(image: CatalogueImage, now: number): string {
  const { record } = image;
  const facts = [
    ['image', record.image],
    ['digest', record.digest],
    ['content id', record.contentId],
    ['lock', record.lock],
    ['disk', formatSize(record.size)],
    ['channels', orDash(image.channels)],
    [
      'where',
      orDash([...(image.bake === undefined ? [] : [image.bake]), ...(image.stored ? ['registry'] : [])]),
    ],
    ['baked by', `kiln ${record.bakedBy.kiln}`],
    ...(image.storedAt === undefined ? [] : [['stored', new Date(image.storedAt).toISOString()]]),
    ...(image.revoked === undefined
      ? []
      : [['REVOKED', `${image.revoked.at} by ${image.revoked.by}: ${image.revoked.reason}`]]),
    ...unsupported(record.versions, now).map((each) => ['unsupported', unsupportedText(each)]),
    ...(image.pin === undefined ? [] : [['pinned', `by ${image.pin.by}: ${image.pin.reason}`]]),
    ...(image.uses ?? []).map(({ cluster, nodes, at }) => [
      'in use',
      `${cluster}: ${nodes.join(', ')} (reported ${at})`,
    ]),
    ...newest(image.verdicts).map(({ kind, ok, at, checks }) => [
      kind,
      `${ok ? 'yes' : 'NO'}, ${at}: ${String(checks.filter((check) => check.ok).length)} of ${String(checks.length)} checks held`,
    ]),
  ];
  return [
    facts.map(([name = '', value = '']) => `${name.padEnd(11)} ${value}`).join('\n'),
    table(['VERSION OF', ''], Object.entries(record.versions)),
    table(
      ['LAYER', 'TAR', 'DIGEST'],
      record.layers.map(({ name, size, digest }) => [name, formatSize(size), shortDigest(digest)]),
    ),
    table(
      ['PARTITION', 'SIZE', 'UUID'],
      record.partitions.map(({ name, size, uuid }) => [name, formatSize(size), uuid]),
    ),
  ].join('\n\n');
}

/** Packages of a change that are told by name. */
const TOLD = 6;

const packageText = ({ name, before, after }: PackageChange): string =>
  `${name} ${before ?? '(new)'} -> ${after ?? '(gone)'}`;

/** `3 packages: a 1 -> 2, b (new) -> 1, c 1 -> (gone)`. */
function packagesText(packages: readonly PackageChange[] | null): string {
  if (packages === null) return 'packages: not known';
  if (packages.length === 0) return 'packages: all the same';
  const told = packages.slice(0, TOLD).map(packageText);
  const more = packages.length - told.length;
  return `${packages.length} ${packages.length === 1 ? 'package' : 'packages'}: ${told.join(', ')}${more > 0 ? `, and ${more} more` : ''}`;
}

export function historyPage(channel: string, changes: readonly Change[], earlier: number): string {
  if (changes.length === 0)
    return `channel ${channel} points at nothing yet: kiln promote IMAGE ${channel} --apply`;
  const blocks = [...changes].reverse().map((entry) => {
    const { sequence, action, digest, at, by, reason, from, packages, overrides = [] } = entry;
    return [
      `${sequence}  ${action} ${shortDigest(digest)}  ${at}  ${by}${reason === '' ? '' : `: ${reason}`}`,
      ...overrides.map(({ gate, detail }) => `   OVERRIDDEN gate ${gate}: ${detail}`),
      ...(from === null || from === digest ? [] : [`   ${packagesText(packages)}`]),
    ].join('\n');
  });
  return [
    ...blocks,
    ...(earlier > 0 ? [`and ${earlier} earlier: --last ${changes.length + earlier}`] : []),
  ].join('\n');
}

/** The plan of a promotion or rollback, as a person reads it. */
export function planPage(plan: MovePlan, applying: boolean): string {
  const { channel, from, to } = plan;
  const target = shortDigest(to);
  if (!plan.moves) return `${channel} is ${to} already: nothing to do`;
  const lines = [
    `${plan.action} ${channel}: ${from === undefined ? 'nothing yet' : shortDigest(from)} -> ${target}`,
  ];
  if (plan.store) lines.push(`  stores the image in the registry (${formatSize(plan.size)})`);
  for (const { name, from: was, to: is } of plan.versions)
    lines.push(`  ${name}: ${was ?? '-'} -> ${is ?? '-'}`);
  if (plan.sizeBefore !== null && plan.sizeBefore !== plan.size)
    lines.push(`  disk: ${formatSize(plan.size)}, ${formatSizeChange(plan.size - plan.sizeBefore)}`);
  if (from !== undefined) lines.push(`  ${packagesText(plan.packages)}`);
  const changed = plan.layers.filter(({ change }) => change !== 'same');
  if (from !== undefined) {
    lines.push(
      `  layers: ${changed.length === 0 ? 'all the same' : changed.map((l) => `${l.name} ${l.change}`).join(', ')}`,
    );
  }
  for (const gate of plan.gates) {
    const found = gate.holds
      ? 'holds'
      : gate.overridden === true
        ? 'does not hold, OVERRIDDEN'
        : 'DOES NOT HOLD';
    lines.push(`  gate ${nameOf(gate)}: ${found}: ${gate.detail}`);
    if (!gate.holds && gate.overridden !== true && gate.hint !== undefined) lines.push(`    ${gate.hint}`);
  }
  if (!isAllowed(plan)) lines.push(`${channel} does not take it until every gate holds; nothing was changed`);
  else if (!applying) lines.push('nothing was changed; with --apply it is done');
  return lines.join('\n');
}
