import type { Resolution } from '../../spec/resolve';
import type { DebianSources } from './apt-config';

type Based = Pick<Resolution, 'suite' | 'jdk'>;

export const jdkPackage = ({ java }: Resolution['jdk']): string => `openjdk-${String(java)}-jre-headless`;

/** The suite of the base, and the one that has the JDK where the base's does not. */
export const debianSources = ({ suite, jdk }: Based): DebianSources => ({
  suite: suite.name,
  ...(jdk.suite === suite.name ? {} : { beside: { suite: jdk.suite, package: jdkPackage(jdk) } }),
});
