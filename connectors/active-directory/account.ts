// From a directory entry to an account, or to a rejected record that says what is wrong with it.

import type { RejectedRecord } from '../../src/connector.ts';
import type { AccountStatus, SourceAccount } from '../../src/model/account.ts';
import { asExternalId, type ExternalId } from '../../src/model/ids.ts';
import { type DirectoryEntry, EntryDecoder } from './decode.ts';
import { planAttributes, type SchemaFacts } from './schema.ts';
import type { AdSource } from './source.ts';
import { dayExpiry, type Expiry, fileTimeExpiry, generalizedTimeExpiry, isGuid } from './values.ts';

/** ADS_UF_ACCOUNTDISABLE (MS-ADTS 2.2.16). Lockout (0x10) is not "disabled". */
const accountDisabled = 0x2;

export type AccountDecoding =
  | { readonly kind: 'account'; readonly account: SourceAccount; readonly primaryGroup: string | undefined }
  | { readonly kind: 'rejected'; readonly rejected: RejectedRecord };

type Lifecycle = { readonly status: AccountStatus; readonly expiry: Expiry } | { readonly fault: string };

const expiryReaders = { days: dayExpiry, 'generalized-time': generalizedTimeExpiry, filetime: fileTimeExpiry } as const;

/** Decodes the accounts of one search. */
export class AccountReader {
  readonly decoder: EntryDecoder;
  /** Names of attributes that the server does not know. */
  readonly unknown: readonly string[];
  /** Accounts with an attribute that could not be decoded. */
  unreadableCount = 0;
  readonly #source: AdSource;
  readonly #delivered: readonly (readonly [name: string, index: number])[];
  readonly #id: number;
  readonly #names: readonly number[];

  constructor(source: AdSource, schema: SchemaFacts) {
    const { settings, wanted, facts } = source;
    const delivered = [...wanted.account, ...settings.users.attributes].map((name) => name.toLowerCase());
    const own = [facts.idAttribute, ...facts.accountName, ...lifecycleAttributes(source)];
    // Operational attributes of the preset itself are asked for whatever the schema says.
    const needed = planAttributes(own, settings.users.binary, { isRead: false, syntaxOf: schema.syntaxOf });
    const extra = planAttributes(
      delivered.filter((name) => !own.includes(name)),
      settings.users.binary,
      schema,
    );
    this.#source = source;
    this.unknown = extra.unknown;
    this.decoder = new EntryDecoder([...needed.attributes, ...extra.attributes]);
    this.#delivered = [...new Set(delivered)]
      .filter((name) => !extra.unknown.includes(name))
      .map((name) => [name, this.decoder.indexOf(name)]);
    this.#id = this.decoder.indexOf(facts.idAttribute);
    this.#names = facts.accountName.map((name) => this.decoder.indexOf(name));
  }

  get request(): string[] {
    return this.decoder.wanted.map((attribute) => attribute.request);
  }

  read(entry: DirectoryEntry): AccountDecoding {
    const id = idOf(entry.values[this.#id]?.[0]);
    const label = entry.dn ?? this.#nameOf(entry) ?? id ?? 'an entry without a readable name';
    const reject = (because: string): AccountDecoding => ({
      kind: 'rejected',
      rejected: { kind: 'account', ...(id === undefined ? {} : { id }), label, because },
    });
    if (id === undefined)
      return reject(
        `${this.#source.facts.idAttribute} is missing or is none; give the service account the right to read it`,
      );
    if (entry.dn === undefined) return reject('its distinguished name is not valid UTF-8; rename it in the directory');
    const name = this.#nameOf(entry);
    if (name === undefined) {
      return reject(
        `${this.#source.facts.accountName.join(' and ')} cannot be read; correct the value, or give the service account the right to read it`,
      );
    }
    const lifecycle = this.#lifecycle(entry);
    if ('fault' in lifecycle) return reject(lifecycle.fault);
    const account: SourceAccount = {
      id,
      name,
      dn: entry.dn,
      status: lifecycle.status,
      ...(lifecycle.expiry.kind === 'at' ? { expiresAt: lifecycle.expiry.at } : {}),
      ...this.#attributes(entry),
    };
    return { kind: 'account', account, primaryGroup: this.#value(entry, 'primarygroupid') };
  }

  #nameOf(entry: DirectoryEntry): string | undefined {
    for (const index of this.#names) {
      const name = entry.values[index]?.[0]?.trim();
      if (name !== undefined && name !== '') return name;
    }
    return undefined;
  }

  #attributes(entry: DirectoryEntry): Pick<SourceAccount, 'attributes' | 'unread'> {
    const unread = unreadOf(entry);
    if (unread.length > 0) this.unreadableCount += 1;
    const attributes: Record<string, readonly string[]> = {};
    for (const [name, index] of this.#delivered) {
      if (unread.length === 0 || !unread.includes(name)) attributes[name] = entry.values[index] ?? [];
    }
    return { attributes, unread: unread.length === 0 ? this.unknown : [...this.unknown, ...unread] };
  }

  #value(entry: DirectoryEntry, name: string): string | undefined {
    return this.#source.settings.preset === 'active-directory'
      ? entry.values[this.decoder.indexOf(name)]?.[0]
      : undefined;
  }

  #lifecycle(entry: DirectoryEntry): Lifecycle {
    if (this.#source.settings.preset === 'active-directory') {
      const control = this.#value(entry, 'useraccountcontrol');
      if (control === undefined || !/^-?\d{1,10}$/u.test(control)) {
        return {
          fault:
            'userAccountControl cannot be read, so nobody knows whether the account is disabled; give the service account the right to read it',
        };
      }
      // Every user has it (MS-SAMR 3.1.1.8.1), and nobody can remove it: without it, "never" would be a guess.
      const expires = this.#value(entry, 'accountexpires');
      if (expires === undefined) {
        return {
          fault:
            'accountExpires cannot be read, so nobody knows whether the account has ended; give the service account the right to read it',
        };
      }
      const expiry = fileTimeExpiry(expires);
      if (expiry.kind === 'unreadable') return { fault: 'accountExpires is not a time; correct it in the directory' };
      return { status: (Number(control) & accountDisabled) === 0 ? 'enabled' : 'disabled', expiry };
    }
    return this.#configuredLifecycle(entry);
  }

  #configuredLifecycle(entry: DirectoryEntry): Lifecycle {
    const { disabledAttribute, expiry: setting } = this.#source.settings.users;
    const read = (name: string): string | undefined => entry.values[this.decoder.indexOf(name.toLowerCase())]?.[0];
    const unreadable = [disabledAttribute, setting?.attribute].find(
      (name) => name !== undefined && entry.unreadable.includes(name.toLowerCase()),
    );
    if (unreadable !== undefined) return { fault: `${unreadable} cannot be read; correct it in the directory` };
    const expiry =
      setting === undefined
        ? { kind: 'never' as const }
        : expiryOf(read(setting.attribute), expiryReaders[setting.format]);
    if (expiry.kind === 'unreadable')
      return {
        fault: `${setting?.attribute ?? ''} is not a time (${setting?.format ?? ''}); correct it in the directory`,
      };
    if (disabledAttribute === undefined) return { status: 'unknown', expiry };
    const value = read(disabledAttribute)?.trim().toLowerCase() ?? '';
    return { status: ['', 'false', '0'].includes(value) ? 'enabled' : 'disabled', expiry };
  }
}

const expiryOf = (text: string | undefined, read: (text: string) => Expiry): Expiry =>
  text === undefined ? { kind: 'never' } : read(text);

function lifecycleAttributes({ settings }: AdSource): string[] {
  if (settings.preset === 'active-directory') return ['useraccountcontrol', 'accountexpires', 'primarygroupid'];
  const { disabledAttribute, expiry } = settings.users;
  return [disabledAttribute, expiry?.attribute].filter((name) => name !== undefined).map((name) => name.toLowerCase());
}

/** objectGUID and entryUUID in lower case; anything else is no id. */
export function idOf(text: string | undefined): ExternalId | undefined {
  const id = text?.toLowerCase();
  return id !== undefined && isGuid(id) ? asExternalId(id) : undefined;
}

/** Attributes whose values could not be decoded, or of which the server sent only a part. */
export function unreadOf(entry: DirectoryEntry): readonly string[] {
  if (entry.ranges.length === 0) return entry.unreadable;
  const truncated = entry.ranges
    .filter((range) => range.from !== 0 || range.to !== '*')
    .map((range) => range.attribute);
  return [...entry.unreadable, ...truncated];
}
