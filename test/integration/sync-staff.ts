// People and groups of the scripted directory by their login or name, so that a test can say what happens to whom.

import { type Attributes, addGroup, addUnit, addUser, type Directory, type Modification } from '../lab/directory.ts';
import { escapeRdnValue } from '../lab/dn.ts';

export class Staff {
  readonly directory: Directory;
  readonly people: string;
  readonly groups: string;
  readonly #dns = new Map<string, string>();

  constructor(directory: Directory, people: string, groups: string) {
    this.directory = directory;
    this.people = people;
    this.groups = groups;
  }

  dn(name: string): string {
    const dn = this.#dns.get(name);
    if (dn === undefined) throw new Error(`nobody is called ${name}`);
    return dn;
  }

  /** `login` is also the common name unless `cn` says otherwise. */
  async hire(
    login: string,
    attributes: Attributes & { readonly cn?: string } = {},
    parentDn = this.people,
  ): Promise<void> {
    const { cn, ...others } = attributes;
    const dn = await addUser(this.directory, {
      parentDn,
      cn: (cn as string | undefined) ?? login,
      login,
      upnSuffix: 'example.test',
      attributes: { mail: `${login}@example.test`, givenName: login, sn: 'Test', ...others },
    });
    this.#dns.set(login, dn);
  }

  async hireMany(count: number, prefix = 'p'): Promise<readonly string[]> {
    const logins = Array.from({ length: count }, (_, index) => `${prefix}${String(index).padStart(3, '0')}`);
    for (const login of logins) await this.hire(login);
    return logins;
  }

  async group(name: string, members: readonly string[] = []): Promise<void> {
    const dns = members.map((member) => this.dn(member));
    // A login of its own, so that a name that another group gave up can be used again.
    const attributes = { sAMAccountName: `group-${this.#dns.size}-${name}` };
    this.#dns.set(name, await addGroup(this.directory, { parentDn: this.groups, name, members: dns, attributes }));
  }

  async unit(name: string, parentDn = this.directory.baseDn): Promise<string> {
    return addUnit(this.directory, parentDn, name);
  }

  /** Replaces one attribute; without values it is cleared. */
  async set(name: string, attribute: string, ...values: readonly (string | Buffer)[]): Promise<void> {
    const change: Modification = { operation: 'replace', attribute, values };
    await this.directory.modify(this.dn(name), [change]);
  }

  /** Another login for the same object: both names, because a directory gives no principal name twice. */
  async rename(login: string, to: string): Promise<void> {
    await this.set(login, 'sAMAccountName', to);
    await this.set(login, 'userPrincipalName', `${to}@example.test`);
  }

  /** Gives the object another common name; a group is known by it from then on. */
  async renameObject(name: string, cn: string): Promise<void> {
    const dn = await this.directory.rename(this.dn(name), `CN=${escapeRdnValue(cn)}`);
    const isGroup = this.dn(name).endsWith(this.groups);
    this.#dns.delete(name);
    this.#dns.set(isGroup ? cn : name, dn);
  }

  async move(name: string, parentDn: string): Promise<void> {
    this.#dns.set(name, await this.directory.move(this.dn(name), parentDn));
  }

  async fire(name: string): Promise<void> {
    await this.directory.delete(this.dn(name));
    this.#dns.delete(name);
  }

  async disable(...names: readonly string[]): Promise<void> {
    for (const name of names) await this.directory.disable(this.dn(name));
  }

  async enable(...names: readonly string[]): Promise<void> {
    for (const name of names) await this.directory.enable(this.dn(name));
  }

  async join(group: string, ...names: readonly string[]): Promise<void> {
    await this.directory.addMembers(
      this.dn(group),
      names.map((name) => this.dn(name)),
    );
  }

  async leave(group: string, ...names: readonly string[]): Promise<void> {
    await this.directory.removeMembers(
      this.dn(group),
      names.map((name) => this.dn(name)),
    );
  }
}
