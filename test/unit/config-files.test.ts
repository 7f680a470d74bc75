// The files that ship with rosterd or that `rosterd init` writes, and the reading of files from disk.
import { mkdtemp, readdir, readFile, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectorTypes } from '../../connectors/registry.ts';
import { compilePolicy } from '../../src/config/compile.ts';
import { initConfig, writeInitialFiles } from '../../src/config/init.ts';
import { configJsonSchema } from '../../src/config/json-schema.ts';
import { loadConfig, parseConfig } from '../../src/config/load.ts';
import { defaultRoles } from '../../src/config/schema-file.ts';
import { checkCron } from '../../src/sync/schedule/cron.ts';
import { directory, fileWith } from './config-fixture.ts';

const examplePath = join(import.meta.dirname, '../../config/rosterd.example.yaml');

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rosterd-config-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** Every name of a property anywhere in a JSON schema. */
function propertyNames(schema: unknown): readonly string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  return Object.entries(schema).flatMap(([keyword, inner]: [string, unknown]) => {
    const names = keyword === 'properties' && typeof inner === 'object' && inner !== null ? Object.keys(inner) : [];
    return [...names, ...propertyNames(inner)];
  });
}

describe('config/rosterd.example.yaml', () => {
  it('is valid', async () => {
    const config = await loadConfig(examplePath, { connectorTypes, checkCron });
    expect(config.warnings).toEqual([]);
    expect(config.sources.map(({ name }) => name)).toContain('ad-hq');
  });

  it('shows the defaults of roles, guard and validation as they are', async () => {
    const policy = compilePolicy(await loadConfig(examplePath, { connectorTypes, checkCron }));
    const plain = compilePolicy(parseConfig(fileWith(''), { file: 'r.yaml', connectorTypes: [directory], checkCron }));
    expect(policy.roles).toEqual(defaultRoles);
    expect(policy.validation).toEqual(plain.validation);
    expect(policy.sources[0]?.guard).toEqual(plain.sources[0]?.guard);
    expect(policy.sources[0]?.absence).toEqual(plain.sources[0]?.absence);
  });

  it('has every key that the schema knows', async () => {
    const text = await readFile(examplePath, 'utf8');
    const known = new Set(propertyNames(JSON.parse(configJsonSchema(connectorTypes))));
    expect(known.size).toBeGreaterThan(60);
    expect([...known].filter((key) => !new RegExp(`[\\s{]${key}:`, 'u').test(text))).toEqual([]);
  });
});

describe('configJsonSchema', () => {
  it('asks for a reference where the connector takes a secret', () => {
    const text = configJsonSchema(connectorTypes);
    const schema = JSON.parse(text);
    const [source] = [schema.properties.sources.items].flatMap((items) => items.anyOf ?? items);
    expect(source.properties.connection.properties.bind.properties.password.properties).toHaveProperty('file');
    expect(text).not.toContain('"secret": true');
    expect(schema.required).toEqual(['version', 'store', 'audit', 'sources']);
  });

  it('offers each type of source with its own keys', () => {
    const schema = JSON.parse(configJsonSchema([directory, { ...directory, type: 'other' }]));
    const types = schema.properties.sources.items.anyOf.map(
      (item: { properties: { type: { const: string } } }) => item.properties.type.const,
    );
    expect(types).toEqual(['directory', 'other']);
  });
});

describe('initConfig', () => {
  it('is valid as it comes', () => {
    const config = parseConfig(initConfig(), { file: join(folder, 'rosterd.yaml'), connectorTypes, checkCron });
    expect(config.store).toEqual({ kind: 'sqlite', path: '/var/lib/rosterd/rosterd.db' });
    expect(config.secrets).toMatchObject([{ ref: { file: join(folder, 'secrets/ad-hq-password') } }]);
    expect(config.warnings).toEqual([]);
  });

  it('has a UCCX that is valid once its number signs are taken away', () => {
    const text = initConfig().replace(/^ {2}# (?=[- ])/gmu, '  ');
    const config = parseConfig(text, { file: join(folder, 'rosterd.yaml'), connectorTypes, checkCron });
    expect(config.sources.map(({ policy }) => [policy.name, policy.type, policy.correlateAfter])).toEqual([
      ['ad-hq', 'active-directory', []],
      ['uccx-main', 'uccx', ['ad-hq']],
    ]);
    expect(config.warnings).toEqual([]);
  });

  it('takes any text that it is given', () => {
    const odd = 'OU="Zürich": #1, \\, O\'Neill & Söhne,DC=corp';
    const text = initConfig({
      storePath: 'data/my: db #1.db',
      sourceName: 'hq',
      servers: ['ldaps://dc.corp.example'],
      caFile: 'ca: 1.pem',
      bindUser: 'CORP\\svc',
      usersBase: odd,
      groupsBase: odd,
    });
    const config = parseConfig(text, { file: join(folder, 'rosterd.yaml'), connectorTypes, checkCron });
    expect(config.store).toEqual({ kind: 'sqlite', path: join(folder, 'data/my: db #1.db') });
    expect(config.sources[0]?.settings).toMatchObject({
      connection: { bind: { user: 'CORP\\svc' }, tls: { caFile: join(folder, 'ca: 1.pem') } },
      users: { base: odd },
    });
  });
});

describe('writeInitialFiles', () => {
  const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

  it('writes a configuration that loads and a key that only its owner reads', async () => {
    const target = join(folder, 'new/etc');
    const files = await writeInitialFiles(target);
    expect(files).toEqual([
      { path: join(target, 'audit.key'), outcome: 'written' },
      { path: join(target, 'rosterd.yaml'), outcome: 'written' },
    ]);
    expect(await modeOf(join(target, 'audit.key'))).toBe('600');
    expect(await modeOf(join(target, 'rosterd.yaml'))).toBe('640');
    expect(await readFile(join(target, 'audit.key'), 'utf8')).toMatch(/^[0-9a-f]{64}\n$/u);
    expect((await loadConfig(join(target, 'rosterd.yaml'), { connectorTypes, checkCron })).audit.keyFile).toBe(
      join(target, 'audit.key'),
    );
    expect(await readdir(target)).toHaveLength(2);
  });

  it('overwrites nothing', async () => {
    await writeInitialFiles(folder);
    await writeFile(join(folder, 'rosterd.yaml'), 'mine');
    const key = await readFile(join(folder, 'audit.key'), 'utf8');
    expect((await writeInitialFiles(folder)).map(({ outcome }) => outcome)).toEqual(['kept', 'kept']);
    expect(await readFile(join(folder, 'rosterd.yaml'), 'utf8')).toBe('mine');
    expect(await readFile(join(folder, 'audit.key'), 'utf8')).toBe(key);
  });

  it('makes no new key beside an old configuration', async () => {
    await writeInitialFiles(folder);
    await unlink(join(folder, 'audit.key'));
    expect((await writeInitialFiles(folder)).map(({ outcome }) => outcome)).toEqual(['left-out', 'kept']);
    expect(await readdir(folder)).toEqual(['rosterd.yaml']);
  });

  it('gives every installation its own key, and one when several start at once', async () => {
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => writeInitialFiles(folder)));
    expect(outcomes.flat().filter(({ outcome }) => outcome === 'written')).toHaveLength(2);
    expect(await readdir(folder)).toHaveLength(2);
  });
});

describe('loadConfig', () => {
  const load = (path: string) => loadConfig(path, { connectorTypes: [directory], checkCron });

  it('says when the file is not there or cannot be read', async () => {
    await expect(load(join(folder, 'no.yaml'))).rejects.toMatchObject({
      code: 'config-not-found',
      message: expect.stringContaining('does not exist'),
    });
    await expect(load(folder)).rejects.toMatchObject({ code: 'config-not-found' });
  });

  it('takes a byte order mark and Windows line ends', async () => {
    const path = join(folder, 'r.yaml');
    await writeFile(path, `\uFEFF${fileWith('').replaceAll('\n', '\r\n')}`);
    expect((await load(path)).sources).toHaveLength(1);
  });

  it('refuses UTF-16 and files that are too large', async () => {
    const path = join(folder, 'r.yaml');
    await writeFile(path, `\uFEFF${fileWith('')}`, 'utf16le');
    await expect(load(path)).rejects.toMatchObject({
      code: 'config-invalid',
      message: expect.stringContaining('is not UTF-8 text'),
    });
    await writeFile(path, '#'.repeat(9 * 1024 * 1024));
    await expect(load(path)).rejects.toMatchObject({
      code: 'config-invalid',
      message: expect.stringContaining('is larger than 8 MiB'),
    });
  });
});
