// The targets of notices put together: what the configuration says of them, their secrets, and the way to each.

import type { Config, NotifyConfig, SecretRef } from './config/config.ts';
import { resolveSecret } from './config/secret.ts';
import { smtpMessenger } from './observe/notify/smtp.ts';
import { webhookMessenger } from './observe/notify/webhook.ts';
import type { Messenger } from './sync/ports/daemon.ts';

/** Reads nothing yet: the secrets of a target are read for each message, so that a changed one needs no restart. */
export const createMessengers = ({ notify }: Pick<Config, 'notify'>): ReadonlyMap<string, Messenger> =>
  new Map(notify.map((target) => [target.name, createMessenger(target)]));

function createMessenger(target: NotifyConfig): Messenger {
  const { name } = target;
  const secret = (ref: SecretRef, key: string) => (): Promise<string> =>
    resolveSecret(ref, `${key} of notify target ${name}`);
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
