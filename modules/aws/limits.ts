import { Token } from 'cdktf';
import type { AwsPlace } from './place';

/** Bytes of user data that EC2 takes, before it is encoded. */
export const USER_DATA = 16_384;
/** Machines of one spread placement group in one zone. */
const SPREAD = 7;
/** Tags of one resource, and characters of their parts. */
const TAGS = 50;
const TAG_KEY = 128;
const TAG_VALUE = 256;
/** Tags that kiln adds: stack, environment, digest, Name and the group's own. */
const OWN_TAGS = 6;

/** Availability and local zones of a region: eu-central-1a, us-west-2-lax-1a. */
const isZoneOf = (zone: string, region: string): boolean =>
  zone.startsWith(region) && /^(-[a-z]+-\d+)?[a-z]$/.test(zone.slice(region.length));

export const zoneFaults = ({ region }: AwsPlace, zones: readonly string[]): string[] =>
  zones
    .filter((zone) => !Token.isUnresolved(zone) && !isZoneOf(zone, region))
    .map((zone) => `network: "${zone}" is not a zone of ${region}, as ${region}a`);

/** An ARN of a service that must be in the stack's own region; what is no ARN is told with the example. */
function arnFaults(
  prop: string,
  value: string | undefined,
  { region }: AwsPlace,
  service: string,
  example: string,
): string[] {
  if (value === undefined || Token.isUnresolved(value)) return [];
  const [arn, partition = '', of, there = '', account = '', name = ''] = value.split(':');
  const isOne =
    arn === 'arn' && partition.startsWith('aws') && of === service && /^\d{12}$/.test(account) && name !== '';
  if (!isOne)
    return [`${prop}: "${value}" is not an ARN, as arn:aws:${service}:${region}:111122223333:${example}`];
  return there === region ? [] : [`${prop}: "${value}" is in ${there}, and the stack in ${region}`];
}

export const keyFaults = (prop: string, key: string | undefined, place: AwsPlace): string[] =>
  arnFaults(prop, key, place, 'kms', 'key/1234abcd-12ab-34cd-56ef-1234567890ab');

export const topicFaults = (topic: string | undefined, place: AwsPlace): string[] =>
  arnFaults('alarmTopic', topic, place, 'sns', 'alarms');

export const typeFaults = (types: readonly string[]): string[] =>
  [...new Set(types.filter((type, index) => types.indexOf(type) !== index))].map(
    (type) => `workers: types: ${type} is named twice`,
  );

export const spreadFaults = (count: number, zones: number): string[] =>
  count > SPREAD * zones
    ? [
        `workers: placement: spread puts at most ${SPREAD} machines into a zone, and there are ${zones}; ` +
          `${count} need ${Math.ceil(count / SPREAD)} zones, or placement: partition`,
      ]
    : [];

/** What EC2 takes as tags, and what kiln needs itself. */
export function tagFaults(tags: Readonly<Record<string, string>>): string[] {
  const names = Object.keys(tags);
  const most = TAGS - OWN_TAGS;
  return [
    ...(names.length > most
      ? [`tags: ${names.length} are too many; ${most} are left beside kiln's own`]
      : []),
    ...names
      .filter((name) => /^aws:/i.test(name))
      .map((name) => `tags: ${name}: aws: is AWS's own, and nobody else's`),
    ...names
      .filter((name) => name.startsWith('kiln:') || name === 'Name')
      .map((name) => `tags: ${name}: is set by the stack itself`),
    ...Object.entries(tags).flatMap(([name, value]) =>
      name.length === 0 || name.length > TAG_KEY || value.length > TAG_VALUE
        ? [`tags: ${name}: a key has 1 to ${TAG_KEY} characters, a value at most ${TAG_VALUE}`]
        : [],
    ),
  ];
}
