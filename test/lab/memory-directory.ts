// The scripted server's directory: a tree of objects with linked attributes, update sequence numbers and tombstones
// as Active Directory keeps them. Links point at objects, not names, so a rename is seen everywhere at once.
import { EventEmitter } from 'node:events';
import { links, objectClassOf } from './ad-schema.ts';
import {
  accountFlags,
  bytesToSid,
  fileTime,
  generalizedTime,
  guidToBytes,
  neverExpires,
  sidToBytes,
} from './ad-values.ts';
import {
  type Attributes,
  type AttributeValue,
  type Directory,
  type DirectoryEntry,
  type Modification,
  valueList,
} from './directory.ts';
import { Entry, seededGuid } from './directory-entry.ts';
import { DirectoryError } from './directory-error.ts';
import { escapeRdnValue, foldRdn, parentDn, rdnOf, splitDn, splitRdn } from './dn.ts';

export type MemoryDirectoryOptions = {
  /** For example `corp.example.test`. */
  readonly domain?: string;
  readonly netbiosName?: string;
  readonly clock?: () => Date;
  /** Object ids are derived from it, so that two runs answer alike. */
  readonly seed?: string;
};

export class MemoryDirectory implements Directory {
  readonly domain: string;
  readonly netbiosName: string;
  readonly baseDn: string;
  readonly domainSid = 'S-1-5-21-1004336348-1177238915-682003330';
  readonly changes = new EventEmitter<{ changed: [Entry] }>();
  readonly root: Entry;
  readonly configuration: Entry;
  readonly schema: Entry;
  readonly deletedObjects: Entry;
  readonly #clock: () => Date;
  readonly #seed: string;
  readonly #byGuid = new Map<string, Entry>();
  readonly #byLogin = new Map<string, Entry>();
  readonly #passwords = new Map<Entry, string>();
  readonly #roots: readonly { readonly root: Entry; readonly tail: readonly string[] }[];
  #usn = 12_000;
  #rid = 1_103;
  #count = 0;

  constructor(options: MemoryDirectoryOptions = {}) {
    this.domain = options.domain ?? 'corp.example.test';
    this.netbiosName = options.netbiosName ?? (this.domain.split('.')[0] ?? '').toUpperCase();
    this.#clock = options.clock ?? (() => new Date());
    this.#seed = options.seed ?? this.domain;
    this.baseDn = `DC=${this.domain.split('.').join(',DC=')}`;
    this.root = this.#plant(undefined, this.baseDn, 'domainDNS');
    this.root.set('objectSid', [sidToBytes(this.domainSid)], this.#usn);
    this.configuration = this.#plant(undefined, `CN=Configuration,${this.baseDn}`, 'configuration');
    this.schema = this.#plant(undefined, `CN=Schema,CN=Configuration,${this.baseDn}`, 'dMD');
    this.#roots = [this.schema, this.configuration, this.root].map((root) => ({
      root,
      tail: splitDn(root.rdn).map(foldRdn),
    }));
    for (const container of ['Users', 'Computers', 'Builtin']) this.#plant(this.root, `CN=${container}`, 'container');
    this.deletedObjects = this.#plant(this.root, 'CN=Deleted Objects', 'container');
    this.deletedObjects.set('isDeleted', ['TRUE'], this.#usn);
    this.#addSync(`CN=Domain Users,CN=Users,${this.baseDn}`, {
      objectClass: 'group',
      sAMAccountName: 'Domain Users',
      groupType: '-2147483646',
      objectSid: sidToBytes(`${this.domainSid}-513`),
      isCriticalSystemObject: 'TRUE',
    });
  }

  get highestUsn(): number {
    return this.#usn;
  }

  now(): Date {
    return this.#clock();
  }

  /** Every live and deleted object of a naming context, in the order of the tree. */
  *subtree(from: Entry): Generator<Entry> {
    yield from;
    for (const child of from.children.values()) yield* this.subtree(child);
  }

  find(dn: string): Entry | undefined {
    const parts = splitDn(dn).map(foldRdn);
    for (const { root, tail } of this.#roots) {
      if (parts.length < tail.length || parts.slice(-tail.length).join() !== tail.join()) continue;
      let at: Entry | undefined = root;
      for (let index = parts.length - tail.length - 1; at && index >= 0; index--)
        at = at.children.get(parts[index] ?? '');
      if (at) return at;
    }
    return undefined;
  }

  findByGuid(guid: Buffer): Entry | undefined {
    return this.#byGuid.get(guid.toString('hex'));
  }

  /** By sAMAccountName, for a bind. */
  findByLogin(login: string): Entry | undefined {
    return this.#byLogin.get(login.toLowerCase());
  }

  passwordOf(entry: Entry): string | undefined {
    return this.#passwords.get(entry);
  }

  async add(dn: string, attributes: Attributes): Promise<void> {
    this.#addSync(dn, attributes);
  }

  async modify(dn: string, changes: readonly Modification[]): Promise<void> {
    const entry = this.#need(dn);
    this.#touch(entry, () => {
      for (const change of changes) this.#apply(entry, change);
    });
  }

  async rename(dn: string, rdn: string): Promise<string> {
    return this.#place(this.#need(dn), rdn, undefined);
  }

  async move(dn: string, parent: string): Promise<string> {
    return this.#place(this.#need(dn), rdnOf(dn), this.#need(parent));
  }

  async delete(dn: string): Promise<void> {
    const entry = this.#need(dn);
    if (entry.children.size > 0) throw new DirectoryError(66, `00002015: UpdErr: ${dn} has children`);
    const guid = entry.guidText;
    const lastParent = entry.parent?.dn ?? '';
    this.#byLogin.delete(entry.text('sAMAccountName').toLowerCase());
    this.#passwords.delete(entry);
    this.#touch(entry, () => {
      entry.unlinkAll(this.#usn);
      const kept = new Set(
        'objectclass objectguid objectsid samaccountname useraccountcontrol usncreated whencreated instancetype name cn grouptype'.split(
          ' ',
        ),
      );
      for (const name of entry.attributeNames()) if (!kept.has(name)) entry.clear(name, this.#usn);
      entry.set('isDeleted', ['TRUE'], this.#usn);
      entry.set('isRecycled', ['TRUE'], this.#usn);
      entry.set('lastKnownParent', [lastParent], this.#usn);
      const [type, value] = splitRdn(entry.rdn);
      this.#attach(entry, `${type}=${escapeRdnValue(value)}\\0ADEL:${guid}`, this.deletedObjects);
    });
  }

  async setPassword(dn: string, password: string): Promise<void> {
    const entry = this.#need(dn);
    this.#touch(entry, () => {
      this.#passwords.set(entry, password);
      entry.set('pwdLastSet', [fileTime(this.#clock())], this.#usn);
    });
  }

  async enable(dn: string): Promise<void> {
    const flags = Number(this.#need(dn).text('userAccountControl')) & ~accountFlags.disabled;
    await this.modify(dn, [{ operation: 'replace', attribute: 'userAccountControl', values: String(flags) }]);
  }

  async disable(dn: string): Promise<void> {
    const flags = Number(this.#need(dn).text('userAccountControl')) | accountFlags.disabled;
    await this.modify(dn, [{ operation: 'replace', attribute: 'userAccountControl', values: String(flags) }]);
  }

  async expire(dn: string, at: Date | 'never'): Promise<void> {
    await this.modify(dn, [
      { operation: 'replace', attribute: 'accountExpires', values: at === 'never' ? neverExpires : fileTime(at) },
    ]);
  }

  async addMembers(groupDn: string, memberDns: readonly string[]): Promise<void> {
    await this.modify(groupDn, [{ operation: 'add', attribute: 'member', values: memberDns }]);
  }

  async removeMembers(groupDn: string, memberDns: readonly string[]): Promise<void> {
    await this.modify(groupDn, [{ operation: 'delete', attribute: 'member', values: memberDns }]);
  }

  async read(dn: string): Promise<DirectoryEntry | undefined> {
    const entry = this.find(dn);
    if (!entry) return undefined;
    const names = [...entry.attributeNames(), ...entry.backLinkNames()];
    return {
      dn: entry.dn,
      attributes: Object.fromEntries(names.map((name) => [entry.nameOf(name), entry.values(name)])),
    };
  }

  #need(dn: string): Entry {
    const entry = this.find(dn);
    if (!entry || entry.isDeleted)
      throw new DirectoryError(
        32,
        `0000208D: NameErr: DSID-0310028C, problem 2001 (NO_OBJECT), data 0, best match of: '${parentDn(dn)}'`,
      );
    return entry;
  }

  #touch(entry: Entry, change: () => void): void {
    this.#usn++;
    change();
    entry.set('uSNChanged', [String(this.#usn)], this.#usn);
    entry.set('whenChanged', [generalizedTime(this.#clock())], this.#usn);
    this.changes.emit('changed', entry);
  }

  #plant(parent: Entry | undefined, rdn: string, objectClass: string): Entry {
    this.#usn++;
    const entry = new Entry(rdn, seededGuid(`${this.#seed}/${this.#count++}`));
    const { chain, category } = objectClassOf([objectClass]);
    const now = generalizedTime(this.#clock());
    entry.set('objectClass', chain, this.#usn);
    entry.set('objectCategory', [`CN=${category},CN=Schema,CN=Configuration,${this.baseDn}`], this.#usn);
    entry.set('objectGUID', [entry.guid], this.#usn);
    entry.set('instanceType', [parent ? '4' : '5'], this.#usn);
    for (const name of ['whenCreated', 'whenChanged']) entry.set(name, [now], this.#usn);
    for (const name of ['uSNCreated', 'uSNChanged']) entry.set(name, [String(this.#usn)], this.#usn);
    this.#byGuid.set(entry.guid.toString('hex'), entry);
    this.#attach(entry, rdn, parent);
    return entry;
  }

  /** Hangs an entry under a parent and keeps the naming attributes in step. */
  #attach(entry: Entry, rdn: string, parent: Entry | undefined): void {
    const key = foldRdn(rdn);
    if (parent?.children.has(key) && parent.children.get(key) !== entry)
      throw new DirectoryError(68, `00002071: UpdErr: DSID-0305038D, problem 6005 (ENTRY_EXISTS), data 0`);
    entry.parent?.children.delete(foldRdn(entry.rdn));
    entry.place(rdn, parent);
    parent?.children.set(key, entry);
    const [type, value] = splitRdn(splitDn(rdn)[0] ?? '');
    entry.set(type.toLowerCase() === 'cn' ? 'cn' : type.toLowerCase(), [value], this.#usn);
    entry.set('name', [value], this.#usn);
  }

  #place(entry: Entry, rdn: string, parent: Entry | undefined): string {
    this.#touch(entry, () => this.#attach(entry, rdn, parent ?? entry.parent));
    return entry.dn;
  }

  #addSync(dn: string, attributes: Attributes): void {
    const parent = this.find(parentDn(dn));
    if (!parent || parent.isDeleted) throw new DirectoryError(32, `0000208D: NameErr: no parent for ${dn}`);
    if (parent.children.has(foldRdn(rdnOf(dn)))) throw new DirectoryError(68, `00000524: UpdErr: ${dn} exists`);
    const given = new Map(
      Object.entries(attributes).map(([name, values]) => [name.toLowerCase(), { name, values: valueList(values) }]),
    );
    const classes = (given.get('objectclass')?.values ?? []).map(String);
    const login = given.get('samaccountname')?.values[0]?.toString();
    if (login !== undefined && this.#byLogin.has(login.toLowerCase()))
      throw new DirectoryError(68, `00000524: UpdErr: sAMAccountName ${login} is taken`);
    const entry = this.#plant(parent, rdnOf(dn), classes.at(-1) ?? 'container');
    if (classes.length > 0) entry.set('objectClass', objectClassOf(classes).chain, this.#usn);
    for (const [name, values] of this.#defaults(entry)) entry.set(name, values, this.#usn);
    for (const [key, { name, values }] of given) {
      if (key !== 'objectclass') this.#apply(entry, { operation: 'replace', attribute: name, values });
    }
    this.changes.emit('changed', entry);
  }

  #defaults(entry: Entry): [string, AttributeValue[]][] {
    const classes = entry.values('objectclass').map(String);
    const sid = (): AttributeValue[] => [sidToBytes(`${this.domainSid}-${this.#rid++}`)];
    if (classes.includes('user')) {
      return [
        ['objectSid', sid()],
        ['userAccountControl', ['512']],
        ['accountExpires', [neverExpires]],
        ['primaryGroupID', ['513']],
        ['sAMAccountType', ['805306368']],
        ['pwdLastSet', ['0']],
        ['badPwdCount', ['0']],
      ];
    }
    if (!classes.includes('group')) return [];
    return [
      ['objectSid', sid()],
      ['groupType', ['-2147483646']],
      ['sAMAccountType', ['268435456']],
    ];
  }

  #apply(entry: Entry, change: Modification): void {
    const key = change.attribute.toLowerCase();
    const values = valueList(change.values);
    if (key === 'unicodepwd') {
      this.#passwords.set(entry, (values[0] as Buffer).toString('utf16le').slice(1, -1));
      entry.set('pwdLastSet', [fileTime(this.#clock())], this.#usn);
      return;
    }
    if (key === 'samaccountname') {
      this.#byLogin.delete(entry.text('sAMAccountName').toLowerCase());
      if (values[0] !== undefined) this.#byLogin.set(values[0].toString().toLowerCase(), entry);
    }
    if (links.has(key)) {
      this.#applyLinks(entry, key, change.operation, values.map(String));
      return;
    }
    if (key === 'primarygroupid') this.#swapPrimaryGroup(entry, values[0]?.toString() ?? '');
    const same = (one: AttributeValue, other: AttributeValue): boolean =>
      Buffer.from(one as string).equals(Buffer.from(other as string));
    const held = entry.values(key);
    const next =
      change.operation === 'replace'
        ? values
        : change.operation === 'add'
          ? [...held, ...values]
          : values.length === 0
            ? []
            : held.filter((value) => !values.some((gone) => same(gone, value)));
    if (next.length === 0) entry.clear(key, this.#usn);
    else entry.set(change.attribute, next, this.#usn);
  }

  /** As Active Directory does: the new primary group loses the explicit member, the former one gains it. */
  #swapPrimaryGroup(entry: Entry, next: string): void {
    const former = entry.text('primaryGroupID');
    if (former === next || former === '') return;
    this.findByRid(Number(next))?.removeLink('member', entry, this.#usn);
    this.findByRid(Number(former))?.addLink('member', entry, this.#usn);
  }

  #applyLinks(entry: Entry, key: string, operation: Modification['operation'], dns: readonly string[]): void {
    const targets = dns.map((dn) => {
      const target = this.find(dn);
      // A DN of another domain is kept as it is written; one of ours must exist.
      if (!target && dn.toLowerCase().endsWith(this.baseDn.toLowerCase()))
        throw new DirectoryError(32, `00002030: ${dn} does not exist`);
      return target ?? dn;
    });
    if (operation === 'replace' || (operation === 'delete' && targets.length === 0)) entry.unlink(key, this.#usn);
    for (const target of targets) {
      if (operation === 'delete') entry.removeLink(key, target, this.#usn);
      else entry.addLink(key, target, this.#usn);
    }
  }

  /** A SID of this domain by its last part, as primaryGroupID names a group. */
  findByRid(rid: number): Entry | undefined {
    const sid = `${this.domainSid}-${rid}`;
    for (const entry of this.#byGuid.values()) {
      const value = entry.values('objectsid')[0];
      if (Buffer.isBuffer(value) && bytesToSid(value) === sid) return entry;
    }
    return undefined;
  }

  /** `<GUID=...>` takes the dashed text form as well as the octets in hexadecimal. */
  findByGuidText(text: string): Entry | undefined {
    const hex = text.replace(/[{}]/g, '');
    return this.findByGuid(hex.includes('-') ? guidToBytes(hex) : Buffer.from(hex, 'hex'));
  }
}
