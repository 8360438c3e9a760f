import Table from 'cli-table3';
import type { ChannelEntry } from '../contracts/channel';
import type { Verdict } from '../contracts/verdict';
import type { CatalogueImage } from './catalogue';
import { shortDigest } from './errors';
import { isAllowed } from './plan';
import type { MovePlan } from './plan';

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

const MIB = 1024 * 1024;
const megabytes = (bytes: number): string => `${(bytes / MIB).toFixed(bytes < 10 * MIB ? 1 : 0)} MiB`;
const orDash = (words: readonly string[]): string => (words.length === 0 ? '-' : words.join(', '));

/** Newest of each kind. */
const newest = (verdicts: readonly Verdict[]): readonly Verdict[] => [
  ...new Map(
    [...verdicts].sort((a, b) => a.at.localeCompare(b.at)).map((verdict) => [verdict.kind, verdict]),
  ).values(),
];

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
    bake: bake ?? null,
  };
}

export function imagesTable(images: readonly CatalogueImage[]): string {
  if (images.length === 0) return 'no image yet: kiln bake makes one';
  return table(
    ['IMAGE', 'DISK', 'SPARK', 'JAVA', 'PYTHON', 'CHANNELS', 'VERDICTS', 'WHERE'],
    images.map((image) => [
      shortDigest(image.digest),
      megabytes(image.record.size),
      ...['spark', 'java', 'python'].map((name) => image.record.versions[name] ?? '-'),
      orDash(image.channels),
      orDash(newest(image.verdicts).map(({ kind, ok }) => (ok ? kind : `not ${kind}`))),
      orDash(places(image)),
    ]),
  );
}

export function imagePage(image: CatalogueImage): string {
  const { record } = image;
  const facts = [
    ['image', record.image],
    ['digest', record.digest],
    ['content id', record.contentId],
    ['lock', record.lock],
    ['disk', megabytes(record.size)],
    ['channels', orDash(image.channels)],
    [
      'where',
      orDash([...(image.bake === undefined ? [] : [image.bake]), ...(image.stored ? ['registry'] : [])]),
    ],
    ['baked by', `kiln ${record.bakedBy.kiln}`],
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
      record.layers.map(({ name, size, digest }) => [name, megabytes(size), shortDigest(digest)]),
    ),
    table(
      ['PARTITION', 'SIZE', 'UUID'],
      record.partitions.map(({ name, size, uuid }) => [name, megabytes(size), uuid]),
    ),
  ].join('\n\n');
}

export function historyTable(channel: string, log: readonly ChannelEntry[]): string {
  if (log.length === 0)
    return `channel ${channel} points at nothing yet: kiln promote IMAGE ${channel} --apply`;
  return table(
    ['ENTRY', 'WHAT', 'IMAGE', 'WHEN', 'WHO', 'WHY'],
    [...log]
      .reverse()
      .map(({ sequence, action, digest, at, by, reason }) => [
        String(sequence),
        action,
        shortDigest(digest),
        at,
        by,
        reason,
      ]),
  );
}

/** The plan of a promotion or rollback, as a person reads it. */
export function planPage(plan: MovePlan, applying: boolean): string {
  const { channel, from, to } = plan;
  const target = shortDigest(to);
  if (!plan.moves) return `${channel} is ${to} already: nothing to do`;
  const lines = [
    `${plan.action} ${channel}: ${from === undefined ? 'nothing yet' : shortDigest(from)} -> ${target}`,
  ];
  if (plan.store) lines.push(`  stores the image in the registry (${megabytes(plan.size)})`);
  for (const { name, from: was, to: is } of plan.versions)
    lines.push(`  ${name}: ${was ?? '-'} -> ${is ?? '-'}`);
  const changed = plan.layers.filter(({ change }) => change !== 'same');
  if (from !== undefined) {
    lines.push(
      `  layers: ${changed.length === 0 ? 'all the same' : changed.map((l) => `${l.name} ${l.change}`).join(', ')}`,
    );
  }
  for (const gate of plan.gates) {
    lines.push(`  gate ${gate.kind}: ${gate.holds ? 'holds' : 'DOES NOT HOLD'}: ${gate.detail}`);
    if (!gate.holds && gate.hint !== undefined) lines.push(`    ${gate.hint}`);
  }
  if (!isAllowed(plan)) lines.push(`${channel} does not take it until every gate holds; nothing was changed`);
  else if (!applying) lines.push('nothing was changed; with --apply it is done');
  return lines.join('\n');
}
