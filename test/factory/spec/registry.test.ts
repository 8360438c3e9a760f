import { describe, expect, it } from 'vitest';
import { Spec } from '../../../factory/contracts/spec';
import { YamlFile } from '../../../factory/spec/yaml-file';

const read = (registry: string) => {
  const text = `image: a\nspark: 4.1.4\nconda: {environment: e}\ncode: c\nchannels: {}\nregistry: ${registry}\n`;
  const file = new YamlFile('factory.yaml', text);
  return { registry: file.parse(Spec)?.registry, faults: file.faults.map(({ what }) => what) };
};

describe('where the registry is', () => {
  it.each([
    ['.kiln/registry', '.kiln/registry'],
    ['s3://images/kiln', { address: 's3://images/kiln' }],
    [
      '{address: s3://images, endpoint: "https://rgw.example:7480", region: r1, ca: rgw.pem}',
      { address: 's3://images', endpoint: 'https://rgw.example:7480', region: 'r1', ca: 'rgw.pem' },
    ],
  ])('may be %s', (text, registry) => {
    expect(read(text)).toEqual({ registry, faults: [] });
  });

  it.each([
    ['../elsewhere', /inside the project/],
    ['https://images', /folder of this project or s3:/],
    ['s3://b', /s3:\/\/BUCKET/],
    ['s3://images/../other', /s3:\/\/BUCKET/],
    ['{address: s3://images, endpoint: "https://h/path"}', /must name no path/],
    ['{address: s3://images, accessKey: x}', /unknown key/],
    ['{address: s3://images, ca: /etc/ca.pem}', /inside the project/],
  ])('is not %s', (text, cause) => {
    const { registry, faults } = read(text);
    expect(registry).toBeUndefined();
    expect(faults.join('\n')).toMatch(cause);
  });
});
