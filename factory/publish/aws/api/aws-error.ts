/** What a refusal of AWS means for the caller. */
export type AwsFault =
  | 'throttled'
  | 'unavailable'
  | 'unreachable'
  | 'no-credentials'
  | 'bad-credentials'
  | 'expired'
  | 'denied'
  | 'kms'
  | 'limit'
  | 'no-capacity'
  | 'wrong-region'
  | 'clock'
  | 'missing'
  | 'taken'
  | 'conflict'
  | 'invalid';

/** Answer of an AWS service that is not the wanted one, or none: the same from the SDK and from the fake. */
export class AwsError extends Error {
  constructor(
    /** AWS's own code: `RequestLimitExceeded`, `ValidationException`. */
    readonly code: string,
    message: string,
    /** HTTP status; undefined when no answer came. */
    readonly status?: number,
    /** What EBS direct says beside its code: `INVALID_PARAMETER_VALUE`. */
    readonly reason?: string,
  ) {
    super(message);
    this.name = 'AwsError';
  }

  get fault(): AwsFault {
    return faultOf(this);
  }
}

/** First match wins. Codes are those of the EC2 and EBS direct references and of the common errors of AWS's APIs. */
const CODES: readonly (readonly [RegExp, AwsFault])[] = [
  [
    /^(RequestThrottled|Throttl|RequestLimitExceeded|TooManyRequests|SlowDown|EC2ThrottledException)/,
    'throttled',
  ],
  [/^(ExpiredToken|RequestExpired|CredentialsExpired|TokenRefreshRequired)/, 'expired'],
  [/^(CredentialsProviderError|NoCredentials|MissingAuthenticationToken)/, 'no-credentials'],
  [/^(RequestTimeTooSkewed|InvalidSignatureException|SignatureDoesNotMatch)/, 'clock'],
  [
    /^(AuthFailure|InvalidClientTokenId|UnrecognizedClient|IncompleteSignature|InvalidAccessKeyId)/,
    'bad-credentials',
  ],
  [/^(OptInRequired|UnknownEndpoint|InvalidEndpoint|InvalidRegion|EndpointError)/, 'wrong-region'],
  [/^(KMS|Kms|InvalidKmsKey|KeyUnavailable)|KMSKey|KmsKey/, 'kms'],
  [/^(UnauthorizedOperation|AccessDenied|Blocked|PendingVerification|OperationNotPermitted)/, 'denied'],
  [/^(Insufficient\w*Capacity|InsufficientAddressCapacity|Unsupported$|SpotMaxPriceTooLow)/, 'no-capacity'],
  [
    /^(ServiceQuotaExceeded|ConcurrentLimitExceeded|ResourceLimitExceeded|\w*Snapshot\w*LimitExceeded|ResourceCountExceeded|VcpuLimitExceeded|InstanceLimitExceeded|MaxSpotInstanceCountExceeded|MaxConfigLimitExceeded|\w+LimitExceeded|AMI\w*LimitExceeded)/,
    'limit',
  ],
  [/^InvalidAMIName\.Duplicate/, 'taken'],
  [/^(ResourceNotFound|Invalid(Snapshot|AMIID)\.NotFound|InvalidAMIID\.Unavailable)/, 'missing'],
  [/^(ConflictException|IdempotentParameterMismatch|IncorrectState|InvalidSnapshot\.InUse)/, 'conflict'],
  [/^(InternalServer|InternalError|InternalFailure|ServiceUnavailable|Unavailable)/, 'unavailable'],
  [
    /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|CERT_|SELF_SIGNED|DEPTH_ZERO)/,
    'unreachable',
  ],
  [/^(ECONNRESET|EPIPE|ETIMEDOUT|TimeoutError|RequestTimeout|NetworkingError|AbortError)/, 'unavailable'],
];

/** What the error means; what nobody listed goes by its status. */
function faultOf({ code, message, status, reason }: AwsError): AwsFault {
  // EBS direct wraps what KMS says.
  if (reason === 'INVALID_CUSTOMER_KEY' || reason === 'DEPENDENCY_ACCESS_DENIED') return 'kms';
  if (reason === 'CONFLICTING_BLOCK_UPDATE' || reason === 'WRITE_REQUEST_TIMEOUT') return 'unavailable';
  // EBS direct lost the bytes of a block on their way, and calls that a fault of the request; sent again, they arrive.
  if (code === 'ValidationException' && /failed to read block data/i.test(message)) return 'unavailable';
  // The reference gives ConflictException status 503: it is the token's misuse, not an outage.
  const listed = CODES.find(([pattern]) => pattern.test(code))?.[1];
  if (listed !== undefined) return listed;
  if (status === undefined || status >= 500) return 'unavailable';
  if (status === 429) return 'throttled';
  if (status === 403 || status === 401) return 'denied';
  if (status === 404) return 'missing';
  return 'invalid';
}
