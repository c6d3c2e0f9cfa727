import { describe, expect, it } from '@jest/globals';
import { explainSqsError } from '../../src/bridge/sqs/errors.ts';

const error = (name: string, message: string, code?: string) =>
  Object.assign(new Error(message), { name, ...(code && { code }) });

describe('what SQS says is told with what to do about it', () => {
  it.each([
    [
      error('SignatureDoesNotMatch', "Credential should be scoped to a valid region, not 'us-east-1'. "),
      /region/,
    ],
    [error('InvalidSignatureException', 'Credential should be scoped to a valid region.'), /region/],
    [error('SignatureDoesNotMatch', 'Signature expired: 20250101T000000Z is now earlier'), /clock/],
    [error('InvalidAddress', 'The address https://sqs... is not valid for this endpoint.'), /SQS_QUEUE_URL/],
    [error('Error', 'getaddrinfo ENOTFOUND sqs.eu-est-1.amazonaws.com', 'ENOTFOUND'), /AWS_REGION/],
    [error('Error', 'connect ETIMEDOUT 10.0.0.1:443', 'ETIMEDOUT'), /network/],
    [error('Error', 'self-signed certificate', 'DEPTH_ZERO_SELF_SIGNED_CERT'), /NODE_EXTRA_CA_CERTS/],
    [
      error('Error', 'unable to verify the first certificate', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'),
      /NODE_EXTRA_CA_CERTS/,
    ],
    [
      error('Error', "Hostname/IP does not match certificate's altnames", 'ERR_TLS_CERT_ALTNAME_INVALID'),
      /certificate/,
    ],
  ])('%s', (cause, advice) => {
    const { message } = explainSqsError(cause);
    const [said] = message.split(` (${cause.name}: `);
    expect(said).toMatch(advice);
    expect(message.endsWith(`(${cause.name}: ${cause.message})`)).toBe(true);
    if (/scoped/.test(cause.message)) expect(said).not.toContain('clock');
  });

  it('names the missing credentials where made-up ones were refused', () => {
    const refused = error('InvalidClientTokenId', 'The security token included in the request is invalid.');
    expect(explainSqsError(refused, true).message).toMatch(/^the AWS SDK found no credentials/);
    expect(explainSqsError(refused).message).toMatch(/^no valid AWS credentials/);
  });
});
