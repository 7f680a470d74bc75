// A real SMTP server for the tests of notices: STARTTLS or TLS from the start, a login, and faults that can be switched on.

import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import type { Certificate } from './certificates.ts';

export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  readonly isSecure: boolean;
  readonly user: string | undefined;
  /** As it came over the wire. */
  readonly raw: string;
}

export interface MailServerOptions {
  readonly tls: 'implicit' | 'starttls' | 'off';
  readonly certificate?: Certificate;
  readonly login?: { readonly user: string; readonly password: string };
}

/** What the server says instead of yes. */
export interface MailFaults {
  /** Answer to the whole message, e.g. 451 or 554. */
  message?: number;
  /** Answer to this recipient. */
  recipient?: { readonly address: string; readonly code: number; readonly text?: string };
  login?: number;
  /** Takes the message and never answers. */
  hang?: boolean;
}

export interface MailServer {
  readonly port: number;
  readonly mails: readonly ReceivedMail[];
  /** Every attempt to log in, with what was sent. */
  readonly logins: readonly { readonly user: string; readonly password: string; readonly isSecure: boolean }[];
  readonly faults: MailFaults;
  stop(): Promise<void>;
}

const saying = (code: number, text = 'the fault of a test'): Error =>
  Object.assign(new Error(text), { responseCode: code });

export async function startMailServer({ tls, certificate, login }: MailServerOptions): Promise<MailServer> {
  const mails: ReceivedMail[] = [];
  const logins: MailServer['logins'][number][] = [];
  const faults: MailFaults = {};
  const options: SMTPServerOptions = {
    secure: tls === 'implicit',
    disabledCommands: [...(tls === 'starttls' ? [] : ['STARTTLS']), ...(login === undefined ? ['AUTH'] : [])],
    allowInsecureAuth: true,
    authOptional: login === undefined,
    ...(certificate === undefined ? {} : certificate),
    onAuth({ username, password: given }, session, done) {
      const [user, password] = [username ?? '', given ?? ''];
      logins.push({ user, password, isSecure: session.secure });
      if (faults.login !== undefined) done(saying(faults.login));
      else if (user === login?.user && password === login.password) done(null, { user });
      else done(saying(535));
    },
    onRcptTo({ address }, _session, done) {
      if (faults.recipient?.address === address) done(saying(faults.recipient.code, faults.recipient.text));
      else done();
    },
    onData(stream, { envelope, secure, user }, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        if (faults.hang) return;
        if (faults.message !== undefined) return done(saying(faults.message));
        mails.push({
          from: envelope.mailFrom === false ? '' : envelope.mailFrom.address,
          to: envelope.rcptTo.map(({ address }) => address),
          isSecure: secure,
          user,
          raw: Buffer.concat(chunks).toString('utf8'),
        });
        done();
      });
    },
  };
  const server = new SMTPServer(options);
  // A client that breaks off the handshake is what some tests are about.
  server.on('error', () => undefined);
  const sockets = new Set<Socket>();
  server.server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  return {
    port: (server.server.address() as AddressInfo).port,
    mails,
    logins,
    faults,
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
