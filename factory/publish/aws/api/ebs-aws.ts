import { createHash } from 'node:crypto';
import {
  CompleteSnapshotCommand,
  EBSClient,
  GetSnapshotBlockCommand,
  ListSnapshotBlocksCommand,
  PutSnapshotBlockCommand,
  StartSnapshotCommand,
} from '@aws-sdk/client-ebs';
import { defined } from '../../../defined';
import { AwsError } from './aws-error';
import { asked, clientSettings, given } from './aws-sdk';
import {
  EBS_BLOCK,
  type BlockPage,
  type EbsDirect,
  type SnapshotBlock,
  type SnapshotStart,
  type StartedSnapshot,
} from './ebs';
import { tagList } from './ec2-image-parameters';

/** Blocks of a listing's page: the most that the API gives. */
const PAGE = 10_000;

/** EBS direct by AWS's SDK. */
export class AwsEbs implements EbsDirect {
  private readonly client: EBSClient;

  constructor(region: string) {
    this.client = new EBSClient(clientSettings(region));
  }

  async start({
    volumeSize,
    parent,
    kmsKey,
    token,
    description,
    tags,
    timeout,
  }: SnapshotStart): Promise<StartedSnapshot> {
    const answer = await asked(() =>
      this.client.send(
        new StartSnapshotCommand({
          VolumeSize: volumeSize,
          ...defined({ ParentSnapshotId: parent }),
          ...(kmsKey === undefined ? {} : { Encrypted: true, KmsKeyArn: kmsKey }),
          ClientToken: token,
          Description: description,
          Tags: tagList(tags),
          Timeout: timeout,
        }),
      ),
    );
    return {
      snapshot: given(answer.SnapshotId, 'SnapshotId'),
      blockSize: given(answer.BlockSize, 'BlockSize'),
      account: given(answer.OwnerId, 'OwnerId'),
      kmsKey: answer.KmsKeyArn,
    };
  }

  async put(snapshot: string, { index, data, checksum }: SnapshotBlock): Promise<void> {
    await asked(() =>
      this.client.send(
        new PutSnapshotBlockCommand({
          SnapshotId: snapshot,
          BlockIndex: index,
          BlockData: data,
          DataLength: data.length,
          Checksum: checksum,
          ChecksumAlgorithm: 'SHA256',
        }),
      ),
    );
  }

  async complete(snapshot: string, { count, checksum }: { count: number; checksum: string }): Promise<void> {
    await asked(() =>
      this.client.send(
        new CompleteSnapshotCommand({
          SnapshotId: snapshot,
          ChangedBlocksCount: count,
          Checksum: checksum,
          ChecksumAlgorithm: 'SHA256',
          ChecksumAggregationMethod: 'LINEAR',
        }),
      ),
    );
  }

  async list(snapshot: string, next?: string): Promise<BlockPage> {
    const answer = await asked(() =>
      this.client.send(
        new ListSnapshotBlocksCommand({
          SnapshotId: snapshot,
          MaxResults: PAGE,
          ...defined({ NextToken: next }),
        }),
      ),
    );
    return {
      blocks: (answer.Blocks ?? []).map(({ BlockIndex, BlockToken }) => ({
        index: given(BlockIndex, 'BlockIndex'),
        token: given(BlockToken, 'BlockToken'),
      })),
      next: answer.NextToken,
    };
  }

  async get(snapshot: string, index: number, token: string): Promise<Uint8Array> {
    return await asked(async () => {
      const { BlockData, Checksum } = await this.client.send(
        new GetSnapshotBlockCommand({ SnapshotId: snapshot, BlockIndex: index, BlockToken: token }),
      );
      const data = await given(BlockData, 'BlockData').transformToByteArray();
      const digest = createHash('sha256').update(data).digest('base64');
      if (data.length !== EBS_BLOCK || digest !== Checksum)
        throw new AwsError('ECONNRESET', `block ${index} did not arrive whole`);
      return data;
    });
  }

  close(): void {
    this.client.destroy();
  }
}
