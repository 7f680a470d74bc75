// What `rosterd source check` says of a connection over HTTP, the same for every such connector.
// Invariant: each server is asked once at most with the login, and a warning says what to do.

import type { CheckFact } from '../src/connector.ts';
import { RosterdError } from '../src/model/errors.ts';
import { asEpochMs, type EpochMs } from '../src/model/ids.ts';
import type { TlsFacts } from './http-exchange.ts';
import type { HttpConnection } from './http-settings.ts';
import { type HttpSession, openHttpSession } from './http-source.ts';

const certificateWarningDays = 30;
const dayMs = 86_400_000;
const skewWarningMs = 60_000;
const skewErrorMs = 300_000;

export const fact = (
  name: string,
  value: string,
  severity: CheckFact['severity'] = 'ok',
  advice?: string,
): CheckFact => ({ name, value, severity, ...(advice === undefined ? {} : { advice }) });

/** The server that answered, how the connection is secured, and who logged in. `session` has had an answer. */
export const connectionFacts = (session: HttpSession, connection: HttpConnection): CheckFact[] => [
  fact('server', session.server ?? ''),
  ...(session.tls === undefined ? [fact('TLS', 'none', 'warning', inClearText)] : tlsFacts(session.tls)),
  fact('logged in as', connection.login.user),
];

const inClearText = 'The password and all data cross the network in clear text: use https://.';

function tlsFacts({ protocol, cipher, certificate }: TlsFacts): CheckFact[] {
  const days = Math.floor((Date.parse(certificate.valid_to) - Date.now()) / dayMs);
  const advice = 'Renew the certificate of the server; when it has expired, no read will succeed.';
  const isSoon = days < certificateWarningDays;
  return [
    fact('TLS', `${protocol}, ${cipher}`),
    fact('certificate', `${nameOf(certificate.subject)}, issued by ${nameOf(certificate.issuer)}`),
    isSoon
      ? fact('certificate expires', `${certificate.valid_to} (in ${days} days)`, 'warning', advice)
      : fact('certificate expires', `${certificate.valid_to} (in ${days} days)`),
  ];
}

const nameOf = (name: TlsFacts['certificate']['subject'] | undefined): string =>
  [name?.CN ?? name?.O ?? 'a nameless authority'].flat().join(', ');

/** Whether the servers that were not needed answer too. `path` is something small. */
export async function otherServerFacts(
  session: HttpSession,
  connection: HttpConnection,
  request: { readonly path: string; readonly accept: string },
  signal: AbortSignal,
): Promise<CheckFact[]> {
  const facts: CheckFact[] = [];
  for (const server of connection.servers) {
    if (new URL(server).origin === session.server) continue;
    facts.push(await otherServerFact({ ...connection, servers: [server] }, server, request, signal));
  }
  return facts;
}

async function otherServerFact(
  connection: HttpConnection,
  server: string,
  { path, accept }: { readonly path: string; readonly accept: string },
  signal: AbortSignal,
): Promise<CheckFact> {
  const session = await openHttpSession(connection, signal);
  try {
    await session.get(path, { accept });
    return fact('other server', `${server} answers too`);
  } catch (error) {
    if (!(error instanceof RosterdError) || error.code === 'interrupted') throw error;
    return fact(
      'other server',
      error.message,
      'warning',
      `It cannot stand in for another one now. ${error.entry.advice}`,
    );
  } finally {
    await session.close();
  }
}

/** By the Date header, and when it came: what was asked since then took its time. */
export function clockFacts(
  serverTime: EpochMs | undefined,
  cameAt: EpochMs | undefined = asEpochMs(Date.now()),
): CheckFact[] {
  if (serverTime === undefined) return [];
  const skewMs = Math.abs(cameAt - serverTime);
  const value = `differs by ${Math.round(skewMs / 1_000)} s`;
  if (skewMs <= skewWarningMs) return [fact('clock', value)];
  const advice = 'Set both clocks by the same time server: a run is refused while they are far apart.';
  return [fact('clock', value, skewMs > skewErrorMs ? 'error' : 'warning', advice)];
}
