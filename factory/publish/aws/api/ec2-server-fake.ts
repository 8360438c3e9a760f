import { defined } from '../../../defined';
import { AwsError } from './aws-error';
import type { FakeAws } from './aws-fake';
import type { Tags, Wanted } from './ec2-images';
import { FakeEc2Images, type RawRegistration } from './ec2-images-fake';

/** A parameter of EC2's query protocol: `Filter.1.Value.2=x` is a list in a record in a list. */
type Parameter = string | Parameters;
interface Parameters {
  [name: string]: Parameter;
}

function nested(form: URLSearchParams): Parameters {
  const root: Parameters = {};
  for (const [path, value] of form) {
    const names = path.split('.');
    const last = names.pop() ?? '';
    let at = root;
    for (const name of names) {
      const next = at[name];
      at = at[name] = typeof next === 'object' ? next : {};
    }
    at[last] = value;
  }
  return root;
}

const record = (value: Parameter | undefined): Parameters => (typeof value === 'object' ? value : {});
const list = (value: Parameter | undefined): Parameters[] => Object.values(record(value)).map(record);
const words = (value: Parameter | undefined): string[] =>
  Object.values(record(value)).filter((each) => typeof each === 'string');
const word = (value: Parameter | undefined): string | undefined =>
  typeof value === 'string' ? value : undefined;
const tagsIn = (specification: Parameters | undefined): Tags =>
  Object.fromEntries(
    list(specification?.['Tag']).map((tag) => [word(tag['Key']) ?? '', word(tag['Value']) ?? '']),
  );

type Xml = string | number | boolean | undefined | readonly Xml[] | { readonly [name: string]: Xml };

const escaped = (text: string): string =>
  text.replace(/[&<>]/g, (character) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[character] ?? '');

/** A list's members are items, as EC2 writes them. */
function xml(value: Xml): string {
  if (value === undefined) return '';
  if (typeof value !== 'object') return escaped(String(value));
  if (Array.isArray(value)) return value.map((each: Xml) => `<item>${xml(each)}</item>`).join('');
  return Object.entries(value as { readonly [name: string]: Xml })
    .filter(([, each]) => each !== undefined)
    .map(([name, each]) => `<${name}>${xml(each)}</${name}>`)
    .join('');
}

const tagSet = (tags: Tags): Xml => Object.entries(tags).map(([key, value]) => ({ key, value }));

/** What kiln filters by; anything else is refused, and so is asking for other accounts' things. */
function wanted(parameters: Parameters, id: string, owners: string): Wanted {
  if (words(parameters[owners]).join() !== 'self')
    throw new AwsError('InvalidParameterValue', 'Only self', 400);
  const [filter, ...others] = list(parameters['Filter']);
  const name = word(filter?.['Name']) ?? '';
  const values = words(filter?.['Value']);
  const [value = ''] = values;
  if (others.length > 0) throw new AwsError('InvalidParameterValue', 'This fake knows one filter', 400);
  if (name === id) return { ids: values };
  if (name === 'name') return { name: value };
  if (name.startsWith('tag:')) return { tag: { key: name.slice(4), value } };
  throw new AwsError('InvalidParameterValue', `The filter '${name}' is invalid`, 400);
}

function rawRegistration(parameters: Parameters): RawRegistration {
  const flag = (value: Parameter | undefined): boolean | undefined =>
    value === undefined ? undefined : value === 'true';
  return {
    Name: word(parameters['Name']),
    Architecture: word(parameters['Architecture']),
    VirtualizationType: word(parameters['VirtualizationType']),
    BootMode: word(parameters['BootMode']),
    ImdsSupport: word(parameters['ImdsSupport']),
    EnaSupport: flag(parameters['EnaSupport']),
    RootDeviceName: word(parameters['RootDeviceName']),
    BlockDeviceMappings: list(parameters['BlockDeviceMapping']).map((mapping) => {
      const ebs = record(mapping['Ebs']);
      const size = word(ebs['VolumeSize']);
      return {
        DeviceName: word(mapping['DeviceName']),
        Ebs: {
          SnapshotId: word(ebs['SnapshotId']),
          VolumeSize: size === undefined ? undefined : Number(size),
          VolumeType: word(ebs['VolumeType']),
          Encrypted: flag(ebs['Encrypted']),
        },
      };
    }),
    TagSpecifications: list(parameters['TagSpecification']).map((specification) => ({
      ResourceType: word(specification['ResourceType']),
      Tags: Object.entries(tagsIn(specification)).map(([Key, Value]) => ({ Key, Value })),
    })),
  };
}

async function act(ec2: FakeEc2Images, action: string, parameters: Parameters): Promise<Xml> {
  const of = (name: string): string => {
    const value = word(parameters[name]);
    if (value === undefined) throw new AwsError('MissingParameter', `The request must contain ${name}`, 400);
    return value;
  };
  const added = (name: string): string[] =>
    list(record(parameters[name])['Add']).map((each) => word(each['UserId']) ?? '');
  switch (action) {
    case 'GetEbsEncryptionByDefault':
      return { ebsEncryptionByDefault: await ec2.encryptionByDefault() };
    case 'DescribeSnapshots':
      return {
        snapshotSet: (await ec2.snapshots(wanted(parameters, 'snapshot-id', 'Owner'))).map((each) => ({
          snapshotId: each.snapshot,
          status: each.state,
          statusMessage: each.message,
          encrypted: each.kmsKey !== undefined,
          kmsKeyId: each.kmsKey,
          volumeSize: each.volumeSize,
          ownerId: each.account,
          startTime: new Date(each.startedAt).toISOString(),
          tagSet: tagSet(each.tags),
        })),
      };
    case 'DescribeImages':
      return {
        imagesSet: (await ec2.images(wanted(parameters, 'image-id', 'Owner'))).map((each) => ({
          imageId: each.ami,
          name: each.name,
          imageState: each.state,
          imageOwnerId: each.account,
          rootDeviceName: '/dev/xvda',
          blockDeviceMapping: [{ deviceName: '/dev/xvda', ebs: { snapshotId: each.snapshot } }],
          deprecationTime: each.deprecatedFrom,
          tagSet: tagSet(each.tags),
        })),
      };
    case 'DeleteSnapshot':
      await ec2.deleteSnapshot(of('SnapshotId'));
      return { return: true };
    case 'RegisterImage':
      return { imageId: await ec2.registerAs(rawRegistration(parameters)) };
    case 'CopyImage': {
      const specifications = list(parameters['TagSpecification']);
      const kmsKey = word(parameters['KmsKeyId']);
      return {
        imageId: await ec2.copy({
          from: { region: of('SourceRegion'), ami: of('SourceImageId') },
          name: of('Name'),
          description: word(parameters['Description']) ?? '',
          token: of('ClientToken'),
          ...defined({ kmsKey }),
          tags: tagsIn(specifications.find((each) => each['ResourceType'] === 'image')),
        }),
      };
    }
    case 'ModifySnapshotAttribute':
      await ec2.shareSnapshot(of('SnapshotId'), added('CreateVolumePermission'));
      return { return: true };
    case 'ModifyImageAttribute':
      await ec2.shareImage(of('ImageId'), added('LaunchPermission'));
      return { return: true };
    case 'EnableImageDeprecation':
      await ec2.deprecate(of('ImageId'), of('DeprecateAt'));
      return { return: true };
    case 'DisableImageDeprecation':
      await ec2.deprecate(of('ImageId'), undefined);
      return { return: true };
    case 'DeregisterImage':
      await ec2.deregister(of('ImageId'));
      return { return: true };
    default:
      throw new AwsError('InvalidAction', `The action ${action} is not valid for this web service.`, 400);
  }
}

/** EC2's answer to a call of its query protocol. @throws AwsError for the caller to put in words. */
export async function ec2Answer(aws: FakeAws, region: string, form: URLSearchParams): Promise<string> {
  const action = form.get('Action') ?? '';
  const answer = await act(new FakeEc2Images(aws, region), action, nested(form));
  return `<?xml version="1.0" encoding="UTF-8"?><${action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>0</requestId>${xml(answer)}</${action}Response>`;
}
