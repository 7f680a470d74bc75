// The targets of notices put together: what the configuration says of them, their secrets, the way to each, and what the command
// line does with them.

import { hostname } from 'node:os';
import type { AuditVerdict } from './admin/ports.ts';
import type { Notifying, TestOutcome } from './cli/app.ts';
import { clock, type Installation } from './compose-installation.ts';
import { type Config, type NotifyConfig, type SecretRef, targetSecretName } from './config/config.ts';
import { resolveSecret } from './config/secret.ts';
import { RosterdError } from './model/errors.ts';
import { fanOut } from './observe/fan-out.ts';
import { smtpMessenger } from './observe/notify/smtp.ts';
import { webhookMessenger } from './observe/notify/webhook.ts';
import { deliverDue } from './sync/deliver-notices.ts';
import { announceNotices } from './sync/notices/announce-notices.ts';
import { auditNotice, testMessage } from './sync/notices/notice-texts.ts';
import { retryGivenUp } from './sync/notices/retry-given-up.ts';
import type { Messenger } from './sync/ports/daemon.ts';

/** Reads nothing yet: the secrets of a target are read for each message, so that a changed one needs no restart. */
export const createMessengers = ({ notify }: Pick<Config, 'notify'>): ReadonlyMap<string, Messenger> =>
  new Map(notify.map((target) => [target.name, createMessenger(target)]));

function createMessenger(target: NotifyConfig): Messenger {
  const { name } = target;
  const secret = (ref: SecretRef, key: string) => (): Promise<string> =>
    resolveSecret(ref, targetSecretName(name, [key]));
  const caFile = target.caFile === undefined ? {} : { caFile: target.caFile };
  switch (target.type) {
    case 'smtp': {
      const { host, port, tls, from, to, login } = target;
      const access =
        login === undefined ? {} : { login: { user: login.user, password: secret(login.password, 'login.password') } };
      return smtpMessenger({ name, host, port, tls, from, to, ...caFile, ...access });
    }
    case 'webhook': {
      const { url } = target;
      const address = typeof url === 'string' ? (): Promise<string> => Promise.resolve(url) : secret(url, 'url');
      return webhookMessenger({ name, url: address, secret: secret(target.secret, 'secret'), ...caFile });
    }
    default:
      return target satisfies never;
  }
}

/** Somebody waits at the terminal, or cron for the next command. What is not sent by then is sent by the next run or the daemon. */
const deliverWithinMs = 10_000;
const testWithinMs = 30_000;

export function notifying(installation: Installation, actor: string): Notifying {
  const { config, store } = installation;
  const messengers = createMessengers(config);
  return {
    targets: [...messengers.keys()],
    list: (filter) => store.read.deliveries(filter),
    async retry(which) {
      const outcome = await retryGivenUp(store, which, [...messengers.keys()], clock.now());
      if (outcome.retried.length > 0)
        fanOut(...installation.sinks)({ kind: 'notice:put-back', notices: outcome.retried.length, actor });
      return outcome;
    },
    async test(target, signal) {
      const chosen = [...messengers].filter(([name]) => target === undefined || name === target);
      if (chosen.length === 0) throw unknownTarget(target, [...messengers.keys()]);
      return Promise.all(chosen.map(([name, messenger]) => sendTest(name, messenger, actor, signal)));
    },
    deliver: (signal) => deliverOnce(installation, messengers, signal),
  };
}

function unknownTarget(target: string | undefined, known: readonly string[]): RosterdError {
  if (known.length === 0) return new RosterdError('target-unknown', 'notify names no target, so nobody is ever told.');
  return new RosterdError('target-unknown', `There is no target ${target}. Configured: ${known.join(', ')}.`);
}

async function sendTest(
  target: string,
  messenger: Messenger,
  actor: string,
  signal: AbortSignal,
): Promise<TestOutcome> {
  const limit = AbortSignal.timeout(testWithinMs);
  try {
    const now = clock.now();
    const id = `msg_test_${hostname()}_${now}`;
    await messenger.send(testMessage(target, actor, now), id, AbortSignal.any([signal, limit]));
    return { target };
  } catch (error) {
    signal.throwIfAborted();
    if (limit.aborted) {
      const seconds = testWithinMs / 1_000;
      return { target, error: new RosterdError('notice-unsent', `no answer within ${seconds} s`, { subject: target }) };
    }
    if (error instanceof RosterdError) return { target, error };
    throw error;
  }
}

async function deliverOnce(
  { store, holder, sinks }: Installation,
  messengers: ReadonlyMap<string, Messenger>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const troubles: string[] = [];
  const limit = AbortSignal.timeout(deliverWithinMs);
  const emit = fanOut(
    (event) => {
      if (event.kind !== 'notice:failed') return;
      const next = event.isGivenUp ? 'It is given up; `rosterd notify retry` puts it back' : 'It is tried again';
      troubles.push(`The notice ${event.notice} did not reach ${event.target}: ${event.because}. ${next}.`);
    },
    ...sinks,
  );
  try {
    await deliverDue({ store, clock, emit, messengers, holder, signal: AbortSignal.any([signal, limit]) });
  } catch (error) {
    troubles.push(`Notices could not be sent: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (limit.aborted)
    troubles.push(`Not all notices were sent within ${deliverWithinMs / 1_000} s; they stay in the outbox.`);
  return troubles;
}

/** Writes the notice of a proof that failed. It must not hide what the proof has found. */
export async function noteBrokenAudit(
  { config, store, sinks }: Installation,
  verdict: AuditVerdict & { readonly ok: false },
): Promise<void> {
  const notice = auditNotice(verdict, clock.now());
  try {
    const written = await store.write((tx) => tx.addNotices([notice], config.notify));
    if (written > 0) announceNotices(fanOut(...sinks), [notice]);
  } catch (error) {
    process.emitWarning(
      `The notice audit-broken could not be written: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
