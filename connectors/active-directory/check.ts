// `rosterd source check`: connects, and reports what an operator wants to know before the first read.

import type { TLSSocket } from 'node:tls';
import type { CheckFact, CheckReport } from '../../src/connector.ts';
import type { SourceAccount } from '../../src/model/account.ts';
import { RosterdError } from '../../src/model/errors.ts';
import { AccountReader } from './account.ts';
import type { LdapSession } from './client.ts';
import { isSecured, openSession } from './connect.ts';
import { EntryDecoder } from './decode.ts';
import { type LdapFilter, present } from './filter.ts';
import { controlOids } from './messages.ts';
import { pagedSearch } from './paged-search.ts';
import { groupFilter } from './preset.ts';
import { planAttributes } from './schema.ts';
import {
  type AdSource,
  askedFor,
  type Directory,
  readDirectory,
  requireBases,
  resolveAccountFilter,
} from './source.ts';

const sampleSize = 3;
const certificateWarningDays = 30;
const dayMs = 86_400_000;
/** Kerberos refuses more than 5 minutes; expiry dates and logs suffer earlier. */
const skewWarningMs = 60_000;
const skewErrorMs = 300_000;

type Severity = CheckFact['severity'];

const fact = (name: string, value: string, severity: Severity = 'ok', advice?: string): CheckFact => ({
  name,
  value,
  severity,
  ...(advice === undefined ? {} : { advice }),
});

/** Throws RosterdError when no server can be asked, or when a base does not exist. */
export async function check(source: AdSource, signal: AbortSignal): Promise<CheckReport> {
  const session = await openSession(source.settings.connection, signal);
  try {
    const directory = await readDirectory(session, source);
    await requireBases(session, source);
    const { users, groups } = source.settings;
    const accountsFilter = await resolveAccountFilter(session, source);
    const accounts = await count(session, source, users.base, users.scope, accountsFilter);
    const facts = [
      fact('server', `${session.server}${directory.hostName === undefined ? '' : ` (${directory.hostName})`}`),
      fact('directory', directory.identity),
      fact('naming contexts', directory.contexts.join(', ')),
      ...tlsFacts(session),
      await bindFact(session, source),
      ...skewFacts(directory),
      pageFact(accounts, source.settings.connection.pageSize),
      countFact('accounts', accounts, 'users'),
      ...(groups === undefined
        ? []
        : [
            countFact(
              'groups',
              await count(session, source, groups.base, groups.scope, groupFilter(source.settings)),
              'groups',
            ),
          ]),
      ...attributeFacts(source, directory),
      ...(await deletedFacts(session, source, directory)),
    ];
    return {
      facts,
      serverIdentity: directory.identity,
      sample: await sample(session, source, directory, accountsFilter),
    };
  } finally {
    await session.close();
  }
}

function tlsFacts(session: LdapSession): CheckFact[] {
  const { socket } = session;
  if (!isSecured(socket)) {
    return [
      fact(
        'TLS',
        'none',
        'warning',
        'The password and all data cross the network in clear text: use ldaps:// or tls.mode: starttls.',
      ),
    ];
  }
  const certificate = socket.getPeerCertificate();
  const days = Math.floor((Date.parse(certificate.valid_to) - Date.now()) / dayMs);
  const isSoon = days < certificateWarningDays;
  return [
    fact('TLS', `${socket.getProtocol() ?? 'unknown'}, ${socket.getCipher().name}`),
    fact('certificate', `${nameOf(certificate.subject)}, issued by ${nameOf(certificate.issuer)}`),
    fact(
      'certificate expires',
      `${certificate.valid_to} (in ${days} days)`,
      isSoon ? 'warning' : 'ok',
      isSoon ? 'Renew the certificate of the server; when it has expired, no read will succeed.' : undefined,
    ),
  ];
}

/** The shape of a certificate's subject or issuer. */
type CertificateName = ReturnType<TLSSocket['getPeerCertificate']>['subject'];

const nameOf = (name: CertificateName): string => [name.CN ?? name.O ?? 'a nameless authority'].flat().join(', ');

async function bindFact(session: LdapSession, source: AdSource): Promise<CheckFact> {
  const configured = source.settings.connection.bind?.user;
  // Samba has no such operation, and answers that it is a protocol error.
  const answer = await session.whoAmI();
  return fact('bound as', answer === undefined || answer === '' ? (configured ?? 'anonymous') : answer);
}

function skewFacts({ serverTime }: Directory): CheckFact[] {
  if (serverTime === undefined) return [];
  const skewMs = Math.abs(Date.now() - serverTime);
  const severity = skewMs > skewErrorMs ? 'error' : skewMs > skewWarningMs ? 'warning' : 'ok';
  const advice =
    severity === 'ok'
      ? undefined
      : 'Set both clocks by the same time server: expiry dates are compared with the clock of this machine.';
  return [fact('clock', `differs by ${Math.round(skewMs / 1000)} s`, severity, advice)];
}

interface Count {
  readonly total: number;
  readonly largestPage: number;
  readonly references: number;
  readonly cutShort: RosterdError | undefined;
}

async function count(
  session: LdapSession,
  source: AdSource,
  base: string,
  scope: 'sub' | 'one' | 'base',
  filter: LdapFilter,
): Promise<Count> {
  // `1.1`: no attributes (RFC 4511, 4.5.1.8).
  const pages = pagedSearch(
    session,
    { base, scope, filter, attributes: ['1.1'] },
    new EntryDecoder([]),
    source.settings.connection.pageSize,
  );
  let total = 0;
  let largestPage = 0;
  let references = 0;
  let cutShort: RosterdError | undefined;
  for await (const page of pages) {
    total += page.entries.length;
    references += page.references.length;
    largestPage = Math.max(largestPage, page.entries.length);
    cutShort = page.cutShort;
  }
  return { total, largestPage, references, cutShort };
}

function pageFact({ largestPage, total }: Count, pageSize: number): CheckFact {
  if (largestPage > pageSize) {
    return fact(
      'page size',
      `${largestPage} entries came where ${pageSize} were asked for`,
      'warning',
      'The server ignores the page size; memory follows its pages.',
    );
  }
  if (largestPage < pageSize && total > largestPage) {
    return fact(
      'page size',
      `${pageSize} asked for, ${largestPage} given`,
      'warning',
      'The server caps the page size; set connection.pageSize to that.',
    );
  }
  return fact('page size', `${pageSize}, honoured`);
}

function countFact(name: string, { total, cutShort, references }: Count, setting: 'users' | 'groups'): CheckFact {
  const elsewhere = references === 0 ? '' : ` (${references} continuations into other servers are not followed)`;
  if (cutShort !== undefined) return fact(name, `more than ${total}`, 'error', cutShort.entry.advice);
  if (total === 0)
    return fact(
      name,
      '0',
      'warning',
      `Nothing matches: check ${setting}.base and ${setting}.filter, and the rights of the service account.`,
    );
  return fact(name, `${total}${elsewhere}`);
}

function attributeFacts(source: AdSource, { schema }: Directory): CheckFact[] {
  if (!schema.isRead) {
    return [
      fact(
        'schema',
        'not readable',
        'warning',
        'Misspelt attribute names cannot be told from empty ones; let the service account read the schema.',
      ),
    ];
  }
  const { unknown } = planAttributes(askedFor(source), [], schema);
  if (unknown.length === 0) return [];
  return [
    fact(
      'unknown attributes',
      unknown.join(', '),
      'warning',
      'The server has no such attributes, so they are never read: correct the mapping.',
    ),
  ];
}

async function deletedFacts(session: LdapSession, source: AdSource, { context }: Directory): Promise<CheckFact[]> {
  if (source.settings.preset !== 'active-directory') return [];
  const dn = `CN=Deleted Objects,${context}`;
  const controls = [{ oid: controlOids.showDeleted, isCritical: true }];
  const request = { base: dn, scope: 'one', filter: present('objectClass'), attributes: ['1.1'], controls } as const;
  const isSeen = await isAnyFound(session, request);
  return [
    isSeen
      ? fact('deleted objects', 'readable')
      : fact(
          'deleted objects',
          'none seen: deleted accounts are recognised by not being found by id, which is safe but says less',
        ),
  ];
}

async function isAnyFound(session: LdapSession, request: Parameters<LdapSession['search']>[0]): Promise<boolean> {
  try {
    for await (const page of pagedSearch(session, request, new EntryDecoder([]), 1)) return page.entries.length > 0;
    return false;
  } catch (error) {
    if (error instanceof RosterdError && 'resultCode' in error.detail) return false;
    throw error;
  }
}

async function sample(
  session: LdapSession,
  source: AdSource,
  { schema }: Directory,
  filter: LdapFilter,
): Promise<SourceAccount[]> {
  const reader = new AccountReader(source, schema);
  const { base, scope } = source.settings.users;
  const accounts: SourceAccount[] = [];
  const pages = pagedSearch(session, { base, scope, filter, attributes: reader.request }, reader.decoder, sampleSize);
  for await (const page of pages) {
    for (const entry of page.entries) {
      const decoding = reader.read(entry);
      if (decoding.kind === 'account' && accounts.length < sampleSize) accounts.push(decoding.account);
    }
    if (accounts.length >= sampleSize) break;
  }
  return accounts;
}
