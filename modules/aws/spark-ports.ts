/*
 * The ports of a cluster. Spark lets the kernel choose most of them; here they are pinned, so that the
 * security groups can name them. Where one machine has several (executors, drivers), Spark counts up
 * from the first: SPARK_PORTS.retries further ones.
 */

export interface PortRange {
  readonly from: number;
  readonly to: number;
}

const RETRIES = 63;
const one = (port: number): PortRange => ({ from: port, to: port });
const counted = (first: number): PortRange => ({ from: first, to: first + RETRIES });

export const SPARK_PORTS = {
  master: one(7077),
  masterPage: one(8080),
  workerPage: one(8081),
  /** A worker daemon listens where the kernel lets it (net.ipv4.ip_local_port_range): Spark has no setting for it. */
  worker: { from: 32768, to: 60999 },
  /** The driver's page, one a job. */
  driverPage: counted(4040),
  driver: counted(7100),
  driverBlocks: counted(7200),
  executorBlocks: counted(7300),
} as const satisfies Readonly<Record<string, PortRange>>;

/** What pins them; names from Spark's configuration page. */
export const PORT_CONF: Readonly<Record<string, string>> = {
  'spark.port.maxRetries': String(RETRIES),
  'spark.driver.port': String(SPARK_PORTS.driver.from),
  'spark.driver.blockManager.port': String(SPARK_PORTS.driverBlocks.from),
  'spark.blockManager.port': String(SPARK_PORTS.executorBlocks.from),
};
