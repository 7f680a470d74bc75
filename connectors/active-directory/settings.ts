// The settings of an Active Directory or OpenLDAP source: strict, parsed offline, all defaults filled in.
// Invariant: what passes here can be sent to a server as it is; filters are parsed, TLS and URLs agree.

import { z } from 'zod';
import { filePath, secret } from '../connector-type.ts';
import { FilterSyntaxError, parseFilter } from './filter.ts';

export const presets = ['active-directory', 'openldap'] as const;
export type Preset = (typeof presets)[number];

const attributeName = z
  .string()
  .regex(
    /^(?:[A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)+)$/u,
    'is not the name of an LDAP attribute (letters, digits and hyphens)',
  );

const distinguishedName = z
  .string()
  .refine(
    (dn) => dn === '' || /^\s*[A-Za-z0-9.-]+\s*=/u.test(dn),
    'is not a distinguished name such as OU=People,DC=corp,DC=example',
  );

const filter = z.string().superRefine((text, context) => {
  try {
    parseFilter(text);
  } catch (error) {
    if (!(error instanceof FilterSyntaxError)) throw error;
    context.addIssue({ code: 'custom', message: error.message });
  }
});

const server = z.string().superRefine((text, context) => {
  const problem = serverProblem(text);
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
});

const serverProblem = (text: string): string | undefined => {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'ldap:' && url.protocol !== 'ldaps:')) {
    return 'is not an address such as ldaps://dc1.corp.example:636';
  }
  if (url.hostname === '') return 'names no host';
  if (url.username !== '' || url.password !== '') return 'must not carry a user or a password; use connection.bind';
  if ((url.pathname !== '' && url.pathname !== '/') || url.search !== '' || url.hash !== '') {
    return 'must end after the port; base and filter have their own settings';
  }
  return undefined;
};

const milliseconds = (fallback: number) => z.int().min(1).max(3_600_000).default(fallback);

const scope = z.enum(['sub', 'one', 'base']).default('sub');

const tls = z.strictObject({
  /** Follows the addresses unless given: ldaps:// is `ldaps`, ldap:// must say `starttls` or `off`. */
  mode: z.enum(['ldaps', 'starttls', 'off']).optional(),
  caFile: filePath().optional(),
  /** The name that the certificate must carry, where it is not the host of the address. */
  serverName: z.string().min(1).optional(),
  minVersion: z.enum(['TLSv1.2', 'TLSv1.3']).default('TLSv1.2'),
});

const connection = z.strictObject({
  /** Tried in this order; the first that answers serves the whole read. */
  servers: z.array(server).min(1),
  tls: tls.prefault({}),
  bind: z
    .strictObject({
      /** DN, user principal name, or DOMAIN\user. */
      user: z.string().min(1),
      password: secret(),
    })
    .optional(),
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
  pageSize: z.int().min(1).max(5_000).default(1_000),
});

const users = z.strictObject({
  base: distinguishedName,
  /** Narrows the preset's own filter (persons only), never widens it. */
  filter: filter.optional(),
  scope,
  /** Only members of one of these groups, nested groups included (Active Directory). */
  memberOf: z.array(distinguishedName.min(1)).default([]),
  /** Attributes to read beyond those that the mapping names. */
  attributes: z.array(attributeName).default([]),
  /** Attributes with binary values beyond those that the schema of the server says. They are read as base64. */
  binary: z.array(attributeName).default([]),
  /** OpenLDAP only: where an account says that it is disabled. Any value but FALSE, false and 0 counts. */
  disabledAttribute: attributeName.optional(),
  /** OpenLDAP only: where an account says when it ends. */
  expiry: z
    .strictObject({ attribute: attributeName, format: z.enum(['days', 'generalized-time', 'filetime']) })
    .optional(),
});

const groups = z.strictObject({
  base: distinguishedName,
  filter: filter.optional(),
  scope,
  attributes: z.array(attributeName).default([]),
});

export const settingsSchema = z
  .strictObject({
    preset: z.enum(presets).default('active-directory'),
    connection,
    users,
    /** Absent: no groups are read. */
    groups: groups.optional(),
    /** Names or ids of accounts that every complete read contains; without one of them the read is partial. */
    witnesses: z.array(z.string().min(1)).default([]),
    /** A read with fewer accounts is partial. */
    expectAtLeast: z.int().min(0).default(0),
  })
  .superRefine((settings, context) => {
    for (const [path, message] of contradictions(settings))
      context.addIssue({ code: 'custom', path: [...path], message });
  });

export type AdSettings = z.output<typeof settingsSchema>;
export type AdConnection = AdSettings['connection'];
export type TlsMode = 'ldaps' | 'starttls' | 'off';

interface Draft {
  readonly preset: Preset;
  readonly connection: z.output<typeof connection>;
  readonly users: z.output<typeof users>;
}

type Problem = readonly [path: readonly (string | number)[], message: string];

function contradictions({ preset, connection, users }: Draft): Problem[] {
  const problems: Problem[] = [];
  connection.servers.forEach((server, index) => {
    const message = tlsProblem(server, connection.tls.mode);
    if (message !== undefined) problems.push([['connection', 'servers', index], message]);
  });
  if (preset === 'active-directory') {
    if (connection.bind === undefined) {
      problems.push([['connection', 'bind'], 'is missing: Active Directory answers nothing to an anonymous client']);
    }
    for (const key of ['disabledAttribute', 'expiry'] as const) {
      if (users[key] !== undefined) {
        problems.push([
          ['users', key],
          'is for preset: openldap; Active Directory has userAccountControl and accountExpires',
        ]);
      }
    }
  } else if (users.memberOf.length > 0) {
    problems.push([['users', 'memberOf'], 'is for preset: active-directory; write (memberOf=...) into users.filter']);
  }
  return problems;
}

function tlsProblem(server: string, mode: TlsMode | undefined): string | undefined {
  if (serverProblem(server) !== undefined) return undefined;
  const isLdaps = URL.parse(server)?.protocol === 'ldaps:';
  if (isLdaps && (mode === 'starttls' || mode === 'off'))
    return `is ldaps://, but tls.mode is ${mode}: use ldap:// here`;
  if (!isLdaps && mode === 'ldaps') return 'is ldap://, but tls.mode is ldaps: use ldaps:// here';
  if (!isLdaps && mode === undefined)
    return 'is ldap:// without TLS: use ldaps://, or set tls.mode to starttls (or, in clear text, to off)';
  return undefined;
}

/** How this server is protected; the schema has made sure that address and mode agree. */
export const tlsModeOf = (connection: AdConnection, server: string): TlsMode =>
  connection.tls.mode ?? (server.toLowerCase().startsWith('ldaps:') ? 'ldaps' : 'off');
