// Notices as mail: plain text, one mail per notice to all recipients of the target.
// Invariant: without `tls: off` nothing, and above all no password, is sent before TLS stands and the certificate is proven.

import { hostname } from 'node:os';
import nodemailer, { type NodemailerError } from 'nodemailer';
import { RosterdError } from '../../model/errors.ts';
import type { Message, Messenger } from '../../sync/ports/daemon.ts';
import { deliveryError, messageOf, oneLine, readAuthority } from './delivery-error.ts';

export interface SmtpTarget {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** `starttls` is required, never opportunistic. */
  readonly tls: 'implicit' | 'starttls' | 'off';
  readonly caFile?: string;
  /** The password is asked for with every mail, as late as possible. */
  readonly login?: { readonly user: string; readonly password: () => Promise<string> };
  readonly from: string;
  readonly to: readonly string[];
}

/** A server that says nothing for so long is gone; the whole sending is limited by the signal. */
const silenceMs = 20_000;

export function smtpMessenger(target: SmtpTarget): Messenger {
  return {
    async send(message, id, signal) {
      const password = await target.login?.password();
      const ca = await readAuthority(target.name, target.caFile);
      const transport = nodemailer.createTransport(connectionOf(target, password, ca));
      try {
        const answer = await transport.sendMail({ ...mailOf(target, message, id), signal });
        const [rejected] = answer.rejectedErrors ?? [];
        if (rejected !== undefined) throw partlyRefused(answer.rejected.length, target, answer.rejectedErrors ?? []);
      } catch (error) {
        if (error instanceof RosterdError) throw error;
        throw failureOf(target, error, password);
      } finally {
        transport.close();
      }
    },
  };
}

function connectionOf({ host, port, tls, login }: SmtpTarget, password: string | undefined, ca: string | undefined) {
  return {
    host,
    port,
    secure: tls === 'implicit',
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'off',
    tls: { minVersion: 'TLSv1.2', rejectUnauthorized: true, ...(ca === undefined ? {} : { ca }) } as const,
    // A server that offers no login is told that there must be one; without it some would take the mail and drop it.
    ...(login === undefined || password === undefined
      ? {}
      : { auth: { user: login.user, pass: password }, forceAuth: true }),
    connectionTimeout: silenceMs,
    greetingTimeout: silenceMs,
    socketTimeout: silenceMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

function mailOf({ from, to }: SmtpTarget, message: Message, id: string) {
  const domain = /@([^\s<>@]+)>?\s*$/u.exec(from)?.[1] ?? hostname();
  return {
    from,
    to: [...to],
    subject: oneLine(message.title),
    text: bodyOf(message),
    // The same for every attempt: a mail that arrives twice is shown once by most readers.
    messageId: `<${id}@${domain}>`,
    headers: {
      // RFC 3834: no out-of-office answers to a machine. The second one is what Exchange listens to.
      'Auto-Submitted': 'auto-generated',
      'X-Auto-Response-Suppress': 'All',
      'X-Rosterd-Notice': message.kind,
    },
  };
}

/** Short paragraphs, so that it can be read on a phone; a command stands at the end of its own. */
function bodyOf({ text, kind, at }: Message): string {
  const paragraphs = text.map(oneLine);
  const foot = `rosterd on ${hostname()}, ${kind}, ${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  return `${[...paragraphs, `-- \n${foot}`].join('\n\n')}\n`;
}

// A server that refuses STARTTLS with a 5xx may be mended, and it has seen nothing of the mail.
const isPermanent = ({ permanent, code }: NodemailerError): boolean => permanent === true && code !== 'ETLS';

/** An address that the server calls wrong (RFC 3463, X.1.X) or a mail that is too big (X.3.4). A bare 550 may be a rule that somebody is changing. */
const isForEver = ({ permanent, response = '' }: NodemailerError): boolean =>
  permanent === true && /^\d{3}[ -]5\.(?:1\.\d+|3\.4)\b/u.test(response);

/** Some have it and some do not. Trying again would send it twice to those that have it, so only a "later" is tried again. */
function partlyRefused(count: number, target: SmtpTarget, errors: readonly NodemailerError[]): RosterdError {
  const because = `${count} of ${target.to.length} recipients refused, the others have it: ${errors.map(messageOf).join('; ')}`;
  return deliveryError({ fate: errors.some(isPermanent) ? 'undeliverable' : 'unsent', target: target.name, because });
}

function failureOf({ name, host, port, login }: SmtpTarget, error: unknown, password = ''): RosterdError {
  const failed = (error instanceof Error ? error : new Error(String(error))) as NodemailerError;
  // A login that the server does not know at all is as wrong as one that it refuses: trying again at once locks accounts.
  const isLogin = failed.code === 'EAUTH' && (failed.responseCode === undefined || isPermanent(failed));
  const what = isLogin ? `${host}:${port} refused the login of ${login?.user ?? '?'}` : `${host}:${port}`;
  return deliveryError({
    fate: isForEver(failed) ? 'undeliverable' : isLogin || isPermanent(failed) ? 'refused' : 'unsent',
    target: name,
    because: `${what}: ${messageOf(failed)}`,
    secrets: [password, `\0${login?.user ?? ''}\0${password}`],
  });
}
