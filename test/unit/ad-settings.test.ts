// The settings of a directory source, offline: what is refused, and what is filled in.
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { activeDirectory } from '../../connectors/active-directory/index.ts';
import { syntaxesOf } from '../../connectors/active-directory/schema.ts';
import { connectorType, connectorTypes } from '../../connectors/registry.ts';
import { fieldNames } from '../../src/model/user.ts';

const minimal = {
  connection: { servers: ['ldaps://dc1.corp.example'], bind: { user: 'CORP\\reader', password: 'secret' } },
  users: { base: 'DC=corp,DC=example' },
};

function problems(change: object): string[] {
  const result = activeDirectory.settingsSchema.safeParse({ ...minimal, ...change });
  return result.success ? [] : result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
}

const connection = (change: object) => ({ connection: { ...minimal.connection, ...change } });

describe('settings of a directory source', () => {
  it('need servers, a bind and a base, and fill in the rest', () => {
    const settings = activeDirectory.settingsSchema.parse(minimal);
    expect(settings).toMatchObject({
      preset: 'active-directory',
      connection: {
        pageSize: 1_000,
        timeouts: { connectMs: 10_000, requestMs: 120_000, idleMs: 60_000 },
        tls: { minVersion: 'TLSv1.2' },
      },
      users: { scope: 'sub', memberOf: [] },
      witnesses: [],
      expectAtLeast: 0,
    });
    expect(activeDirectory.warnings(settings)).toEqual([]);
  });

  it('refuse an unknown key', () => {
    expect(problems({ user: {} }).join()).toContain('user');
    expect(problems(connection({ server: 'ldaps://x' })).join()).toContain('server');
  });

  it('refuse LDAP without TLS unless it is written out, and warn about it then', () => {
    expect(problems(connection({ servers: ['ldap://dc1'] })).join()).toContain('without TLS');
    expect(problems(connection({ servers: ['ldap://dc1'], tls: { mode: 'starttls' } }))).toEqual([]);
    const plain = activeDirectory.settingsSchema.parse({
      ...minimal,
      ...connection({ servers: ['ldap://dc1'], tls: { mode: 'off' } }),
    });
    expect(activeDirectory.warnings(plain)).toEqual([expect.stringContaining('clear text')]);
  });

  it('refuse an address that contradicts tls.mode', () => {
    expect(problems(connection({ tls: { mode: 'starttls' } })).join()).toContain('use ldap://');
    expect(problems(connection({ servers: ['ldap://dc1'], tls: { mode: 'ldaps' } })).join()).toContain('use ldaps://');
  });

  it.each(['dc1.corp.example', 'https://dc1', 'ldaps://', 'ldaps://u:p@dc1', 'ldaps://dc1/DC=corp'])(
    'refuse the address %s',
    (server) => {
      expect(problems(connection({ servers: [server] }))).toHaveLength(1);
    },
  );

  it('refuse an empty password, which a server would take as anonymous', () => {
    expect(problems(connection({ bind: { user: 'u', password: '' } }))).toHaveLength(1);
  });

  it('refuse a malformed filter and say where', () => {
    expect(problems({ users: { base: 'DC=x', filter: '(&(a=b)' } })).toEqual([
      expect.stringMatching(/^users\.filter: is not an LDAP filter.*character 8/u),
    ]);
  });

  it('ask for a bind in Active Directory only', () => {
    const anonymous = { connection: { servers: ['ldaps://x'] } };
    expect(problems(anonymous).join()).toContain('anonymous');
    expect(problems({ ...anonymous, preset: 'openldap' })).toEqual([]);
  });

  it('refuse settings of the other preset', () => {
    expect(problems({ users: { base: 'DC=x', disabledAttribute: 'nsAccountLock' } })).toHaveLength(1);
    expect(problems({ preset: 'openldap', users: { base: 'DC=x', memberOf: ['CN=g'] } })).toHaveLength(1);
  });
});

describe('registry', () => {
  it('finds the connector by its type', () => {
    expect(connectorType('active-directory')).toBe(activeDirectory);
    expect(connectorType('nothing')).toBeUndefined();
    expect(new Set(connectorTypes.map((type) => type.type)).size).toBe(connectorTypes.length);
  });

  it('describes its settings as a JSON schema, with secrets and files marked', () => {
    const described = JSON.stringify(z.toJSONSchema(activeDirectory.settingsSchema, { io: 'input' }));
    expect(described).toContain('"secret":true');
    expect(described).toContain('"file":true');
  });

  it('names every key of the schema as a key of the source', () => {
    const settings = activeDirectory.settingsSchema.parse({ ...minimal, groups: { base: 'DC=x' } });
    expect(Object.keys(settings as object).filter((key) => !activeDirectory.settingKeys.includes(key))).toEqual([]);
  });

  it.each(['active-directory', 'openldap'] as const)(
    'maps to known fields only, with attributes in lower case (%s)',
    (preset) => {
      const { mapping } = activeDirectory.defaults(activeDirectory.settingsSchema.parse({ ...minimal, preset }));
      expect(Object.keys(mapping.fields).filter((field) => !(fieldNames as readonly string[]).includes(field))).toEqual(
        [],
      );
      const attributes = Object.values(mapping.fields).flatMap((rule) =>
        rule.kind === 'constant' ? [] : rule.attributes,
      );
      expect(attributes).toEqual(attributes.map((name) => name.toLowerCase()));
    },
  );

  it('changes the scope fingerprint with what decides which records are read, and with nothing else', () => {
    const print = (change: object) =>
      activeDirectory.create(activeDirectory.settingsSchema.parse({ ...minimal, ...change }), { account: [] })
        .scopeFingerprint;
    const base = print({});
    expect(print(connection({ servers: ['ldaps://dc2.corp.example'], pageSize: 7 }))).toBe(base);
    expect(print({ users: { ...minimal.users, attributes: ['mail'] } })).toBe(base);
    for (const users of [
      { base: 'DC=y' },
      { base: 'DC=corp,DC=example', filter: '(a=b)' },
      { base: 'DC=corp,DC=example', scope: 'one' },
      { base: 'DC=corp,DC=example', memberOf: ['CN=g'] },
    ]) {
      expect(print({ users })).not.toBe(base);
    }
    expect(print({ groups: { base: 'DC=x' } })).not.toBe(base);
  });
});

describe('schema of a server', () => {
  it('knows all names of an attribute and inherits its syntax', () => {
    const syntaxOf = syntaxesOf([
      "( 2.5.4.41 NAME 'name' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15{32768} )",
      "( 2.5.4.3 NAME ( 'cn' 'commonName' ) DESC 'RFC4519' SUP name )",
      "( 1.2.840.113556.1.4.2 NAME 'objectGUID' SYNTAX '1.3.6.1.4.1.1466.115.121.1.40' SINGLE-VALUE NO-USER-MODIFICATION )",
      "( 1.2.3 NAME 'loop' SUP loop )",
    ]);
    expect(syntaxOf.get('commonname')).toBe('1.3.6.1.4.1.1466.115.121.1.15');
    expect(syntaxOf.get('objectguid')).toBe('1.3.6.1.4.1.1466.115.121.1.40');
    expect(syntaxOf.has('2.5.4.3')).toBe(true);
    expect(syntaxOf.get('loop')).toBe('');
  });
});
