// The settings of a connection to a system that is asked over HTTP, the same for every such connector.
// Invariant: what passes here names origins only, so the login goes to these and to nothing that an answer names.

import { z } from 'zod';
import { filePath, type SettingPath, secret } from './connector-type.ts';

const problemOfServer = (text: string): string | undefined => {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:') || url.hostname === '') {
    return 'is not an address such as https://uccx1.corp.example';
  }
  if (url.username !== '' || url.password !== '') return 'must not carry a user or a password; use connection.login';
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    return 'must end after the port; the paths below it are known';
  }
  return undefined;
};

const server = z.string().superRefine((text, context) => {
  const problem = problemOfServer(text);
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
});

const milliseconds = (fallback: number) => z.int().min(1).max(3_600_000).default(fallback);

const mebibyte = 1_048_576;

/** Under the key `connection` of a source. */
export const httpConnectionSchema = z
  .strictObject({
    /** Tried in this order; the first that answers serves the whole read. */
    servers: z.array(server).min(1),
    tls: z
      .strictObject({
        /** `off` allows http:// and nothing else. */
        mode: z.enum(['on', 'off']).optional(),
        caFile: filePath().optional(),
        /** The name that the certificate must carry, where it is not the host of the address. */
        serverName: z.string().min(1).optional(),
        minVersion: z.enum(['TLSv1.2', 'TLSv1.3']).default('TLSv1.2'),
      })
      .prefault({}),
    login: z.strictObject({
      // RFC 7617, 2: the first colon ends the user, and control characters are not allowed.
      user: z
        .string()
        .min(1)
        .regex(/^[^:\p{Cc}]*$/u, 'must not have a colon or a control character'),
      password: secret(),
    }),
    timeouts: z
      .strictObject({
        /** Connection and TLS handshake. */
        connectMs: milliseconds(10_000),
        /** From a request to the first byte of its answer. */
        requestMs: milliseconds(120_000),
        /** Between two pieces of an answer. */
        idleMs: milliseconds(60_000),
      })
      .prefault({}),
    /** Of one answer, decompressed: for 400 agents 160 KB each. Longer texts than about 500 MB do not fit into one string. */
    maxBodyBytes: z
      .int()
      .min(1_024)
      .max(500_000_000)
      .default(64 * mebibyte),
  })
  .superRefine(({ servers, tls }, context) => {
    servers.forEach((address, index) => {
      const message = problemOfServer(address) === undefined ? contradiction(address, tls.mode ?? 'on') : undefined;
      if (message !== undefined) context.addIssue({ code: 'custom', path: ['servers', index], message });
    });
  });

export type HttpConnection = z.output<typeof httpConnectionSchema>;

function contradiction(address: string, mode: 'on' | 'off'): string | undefined {
  const isSecured = URL.parse(address)?.protocol === 'https:';
  if (isSecured && mode === 'off') return 'is https://, but tls.mode is off: use http:// here';
  if (!isSecured && mode === 'on')
    return 'is http:// without TLS: use https://, or (in clear text) set tls.mode to off';
  return undefined;
}

/** Relative to the block of the source. */
export const httpSecretPaths: readonly SettingPath[] = [['connection', 'login', 'password']];
export const httpFilePaths: readonly SettingPath[] = [['connection', 'tls', 'caFile']];

export const httpWarnings = ({ servers }: HttpConnection): string[] =>
  servers
    .filter((address) => URL.parse(address)?.protocol === 'http:')
    .map(
      (address) =>
        `${address} is used without TLS: the password and all data cross the network in clear text. Use https://.`,
    );
