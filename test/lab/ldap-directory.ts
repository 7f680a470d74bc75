// A real server as a Directory: changes are made by an administrator over LDAPS, with ldapts.
import { readFileSync } from 'node:fs';
import { Attribute, Change, Client, NoSuchObjectError } from 'ldapts';
import { accountFlags, fileTime, neverExpires, unicodePassword } from './ad-values.ts';
import {
  type Attributes,
  type AttributeValues,
  type Directory,
  type DirectoryEntry,
  type Modification,
  valueList,
} from './directory.ts';
import { parentDn, rdnOf } from './dn.ts';

const buffers = ['objectGUID', 'objectSid', 'thumbnailPhoto'];

export type LdapDirectoryOptions = {
  readonly url: string;
  readonly caFile: string;
  readonly hostName: string;
  readonly baseDn: string;
  readonly user: string;
  readonly password: string;
};

export class LdapDirectory implements Directory {
  readonly baseDn: string;
  readonly #options: LdapDirectoryOptions;
  #client: Client | undefined;

  constructor(options: LdapDirectoryOptions) {
    this.baseDn = options.baseDn;
    this.#options = options;
  }

  async close(): Promise<void> {
    await this.#client?.unbind().catch(() => undefined);
    this.#client = undefined;
  }

  /** Bound on first use; after `close` (a restarted server) it binds anew. */
  async client(): Promise<Client> {
    if (this.#client?.isConnected) return this.#client;
    const { url, caFile, hostName, user, password } = this.#options;
    const client = new Client({
      url,
      timeout: 60_000,
      connectTimeout: 10_000,
      tlsOptions: { ca: [readFileSync(caFile)], servername: hostName },
    });
    await client.bind(user, password);
    this.#client = client;
    return client;
  }

  async add(dn: string, attributes: Attributes): Promise<void> {
    const list = Object.entries(attributes).map(([type, values]) => toAttribute(type, values));
    await (await this.client()).add(dn, list);
  }

  async modify(dn: string, changes: readonly Modification[]): Promise<void> {
    const list = changes.map(
      ({ operation, attribute, values }) =>
        new Change({ operation, modification: toAttribute(attribute, values ?? []) }),
    );
    await (await this.client()).modify(dn, list);
  }

  async rename(dn: string, rdn: string): Promise<string> {
    const next = `${rdn},${parentDn(dn)}`;
    await (await this.client()).modifyDN(dn, rdn);
    return next;
  }

  async move(dn: string, parent: string): Promise<string> {
    const next = `${rdnOf(dn)},${parent}`;
    await (await this.client()).modifyDN(dn, next);
    return next;
  }

  async delete(dn: string): Promise<void> {
    await (await this.client()).del(dn);
  }

  async setPassword(dn: string, password: string): Promise<void> {
    await this.#replace(dn, 'unicodePwd', unicodePassword(password));
  }

  async enable(dn: string): Promise<void> {
    await this.#replace(dn, 'userAccountControl', String((await this.#flags(dn)) & ~accountFlags.disabled));
  }

  async disable(dn: string): Promise<void> {
    await this.#replace(dn, 'userAccountControl', String((await this.#flags(dn)) | accountFlags.disabled));
  }

  async expire(dn: string, at: Date | 'never'): Promise<void> {
    await this.#replace(dn, 'accountExpires', at === 'never' ? neverExpires : fileTime(at));
  }

  async addMembers(groupDn: string, memberDns: readonly string[]): Promise<void> {
    await this.modify(groupDn, [{ operation: 'add', attribute: 'member', values: memberDns }]);
  }

  async removeMembers(groupDn: string, memberDns: readonly string[]): Promise<void> {
    await this.modify(groupDn, [{ operation: 'delete', attribute: 'member', values: memberDns }]);
  }

  async read(dn: string): Promise<DirectoryEntry | undefined> {
    try {
      const client = await this.client();
      const { searchEntries } = await client.search(dn, { scope: 'base', explicitBufferAttributes: buffers });
      const [entry] = searchEntries;
      if (!entry) return undefined;
      const { dn: name, ...attributes } = entry;
      return {
        dn: name,
        attributes: Object.fromEntries(
          Object.entries(attributes).map(([key, values]) => [key, valueList(values as AttributeValues)]),
        ),
      };
    } catch (reason) {
      if (reason instanceof NoSuchObjectError) return undefined;
      throw reason;
    }
  }

  async #flags(dn: string): Promise<number> {
    return Number((await this.read(dn))?.attributes['userAccountControl']?.[0] ?? 0);
  }

  async #replace(dn: string, attribute: string, values: AttributeValues): Promise<void> {
    await this.modify(dn, [{ operation: 'replace', attribute, values }]);
  }
}

function toAttribute(type: string, values: AttributeValues): Attribute {
  const list = valueList(values);
  return new Attribute({
    type,
    values: list.every((value) => typeof value === 'string')
      ? (list as string[])
      : list.map((value) => Buffer.from(value as Buffer)),
  });
}
