import { Agent } from 'node:https';
import { AwsError } from './aws-error';

/**
 * What both SDK clients are made with. Credentials, region rules, proxies of the endpoint (AWS_ENDPOINT_URL…) and
 * profiles are the SDK's own: whoever can run `aws` can run kiln. Nothing is tried twice here, else the waiting of
 * SDK and caller would multiply.
 */
export const clientSettings = (region: string) => {
  // The pinned SDK serves Node 20; its remark about later ones would be in every output.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';
  return {
    region,
    maxAttempts: 1,
    defaultsMode: 'standard' as const,
    userAgentAppId: 'kiln',
    requestHandler: {
      connectionTimeout: 5_000,
      requestTimeout: 60_000,
      throwOnRequestTimeout: true,
      httpsAgent: new Agent({ keepAlive: true, maxSockets: 128 }),
      // 64 blocks under way want as many connections.
      socketAcquisitionWarningTimeout: 60_000,
    },
  };
};

interface SdkError {
  readonly name: string;
  readonly message: string;
  readonly code?: unknown;
  readonly Reason?: unknown;
  readonly cause?: unknown;
  readonly errors?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/** What a call of the SDK threw, without the connection that its errors hold on to. */
export function awsError(error: unknown): AwsError {
  if (error instanceof AwsError) return error;
  if (!(error instanceof Error)) return new AwsError('Unknown', String(error));
  const { name, message, code, Reason, $metadata, cause } = error as SdkError;
  const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
  const status = $metadata?.httpStatusCode;
  const system = text(code) ?? text((cause as SdkError | undefined)?.code);
  const isSystem = status === undefined && system !== undefined;
  return new AwsError(isSystem ? system : name, message === '' ? name : message, status, text(Reason));
}

/** Calls the SDK; what it throws becomes an AwsError. */
export async function asked<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw awsError(error);
  }
}

/** A field that the API's reference says is always there. */
export function given<T>(value: T | undefined, field: string): T {
  if (value === undefined) throw new AwsError('InternalError', `the answer has no ${field}`, 500);
  return value;
}
