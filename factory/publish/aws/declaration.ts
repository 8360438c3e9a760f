import type { Declaration } from '../platform';

/** AWS in words: nothing is imported for it. */
export const AWS: Omit<Declaration, 'load'> = {
  targets: 'aws:REGION,…: the first region gets the disk, the others copies of the AMI',
  example: 'aws:REGION, such as aws:eu-central-1 or aws:eu-central-1,us-east-1',
  options: [
    ['--share <account...>', 'accounts that may launch it'],
    ['--kms-key <arn...>', 'encrypt by this key; one of each region'],
    ['--whole', 'send the whole disk, not only what differs from an earlier image'],
    ['--no-deprecate', 'leave AMIs of images that no channel points at any more as they are'],
  ],
  list: 'amis',
};
