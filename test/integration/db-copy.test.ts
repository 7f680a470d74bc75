// `rosterd db copy` with a synced installation, in every direction: what is moved is everything, and the next run plans nothing.

import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createRosterd } from '../../src/compose.ts';
import type { Run } from '../../src/model/run.ts';
import { connections, type Location } from '../../src/store/clients.ts';
import { Sql } from '../../src/store/sql.ts';
import { readTables } from '../../src/store/table-copy.ts';
import { type StorePlace, stores } from '../store/admin-stores.ts';
import { runCli } from '../unit/cli-process.ts';
import { hq, type Office, openOffice } from './sync-fixture.ts';

const never = new AbortController().signal;
const places = new Map<string, StorePlace>();
let office: Office;
let databases = 0;

beforeAll(async () => {
  for (const { name, start } of stores) places.set(name, await start());
});
afterEach(() => office.close());
afterAll(async () => {
  for (const place of places.values()) await place.stop();
});

/** A configuration beside the one of the office, for another store of this kind. */
async function configure(name: string, kind: string): Promise<{ readonly file: string; readonly location: Location }> {
  const file = join(office.folder, `${name}.yaml`);
  const text = await readFile(office.configFile, 'utf8');
  const put = (store: string): Promise<void> => writeFile(file, text.replace('{ sqlite: rosterd.db }', store));
  const server = places.get(kind)?.location;
  if (server?.kind !== 'postgresql') {
    await put(`{ sqlite: ${name}.db }`);
    return { file, location: { kind: 'sqlite', path: join(office.folder, `${name}.db`) } };
  }
  databases += 1;
  const client = await connections(server, 1_000).openWriter();
  await client.$executeRawUnsafe(`CREATE DATABASE copy${databases}`);
  await client.$disconnect();
  const url = server.url.replace(/\/[^/]+$/, `/copy${databases}`);
  await writeFile(join(office.folder, `${name}.url`), url, { mode: 0o600 });
  await put(`{ postgresql: { file: ${name}.url } }`);
  return { file, location: { ...server, url } };
}

async function migrate(config: string): Promise<void> {
  const database = await createRosterd('test').openDatabase({ config });
  await database.migrate();
  await database.close();
}

async function sync(config: string): Promise<Run> {
  const app = await createRosterd('test').open({ config });
  try {
    return (await app.sync(hq, { mode: 'full', intent: 'apply' }, never, () => undefined)).run;
  } finally {
    await app.close();
  }
}

/** Every row of every table but the leases. */
async function everything(location: Location): Promise<Record<string, readonly unknown[]>> {
  const { openReader, dialect, place } = connections(location, 1_000);
  const reader = await openReader();
  const sql = new Sql(reader, dialect, place);
  const rows: Record<string, readonly unknown[]> = {};
  for (const [table, columns] of await readTables(sql)) {
    if (table === 'leases') continue;
    const names = Object.keys(columns);
    const found = await sql.all<Record<string, unknown>>(`SELECT ${names.join(', ')} FROM ${table}`);
    const texts = found.map((row) =>
      names.map((name) => (typeof row[name] === 'boolean' ? Number(row[name]) : row[name])),
    );
    rows[table] = texts.map((text) => JSON.stringify(text)).sort();
  }
  await reader.$disconnect();
  return rows;
}

/** Synced, edited by hand, changed in the source, with something held: a bit of everything. */
async function work(config: string): Promise<void> {
  await office.staff.hireMany(40, 'q');
  await office.staff.hire('mira', { cn: `Mira "Ö" O'Neil, \\ \u{1F4E8}` });
  await office.staff.group('Alpha', ['mira', 'q000', 'q001']);
  await migrate(config);
  expect((await sync(config)).state).toBe('done');
  const app = await createRosterd('test').open({ config });
  await app.admin.switchSyncOff({ user: 'q003', reason: 'on loan', until: '30d' });
  await app.admin.setAttribute({ user: 'mira', name: 'extension', value: '42' });
  await app.close();
  await office.staff.disable(...Array.from({ length: 12 }, (_, index) => `q0${String(index + 10)}`));
  expect((await sync(config)).state).toBe('held');
}

const names = stores.map(({ name }) => name);
const directions = names.flatMap((from) => names.map((to) => [from, to] as const));

describe('rosterd db copy', () => {
  it.each(directions)('from %s to %s takes everything along, and the next run plans nothing new', async (from, to) => {
    office = await openOffice({ startAt: Date.now() });
    const [source, target] = [await configure('source', from), await configure('target', to)];
    await work(source.file);
    await migrate(target.file);
    const wanted = await everything(source.location);

    const copied = await runCli(['db', 'copy', '--config', source.file, '--to', target.file], 'real');

    expect(copied).toMatchObject({ code: 0, stderr: '' });
    expect(copied.stdout).toMatch(/^users +41$/m);
    expect(copied.stdout).toMatch(/The audit log is whole there: \d+ entries, head \d+:[0-9a-f]{64}\./);
    expect(copied.stdout).toContain(`Start rosterd with ${target.file}.`);
    const { audit_entries: entries, audit_head: _, ...found } = await everything(target.location);
    const { audit_entries: before, audit_head: _head, ...rest } = wanted;
    expect(found).toEqual(rest);
    expect(entries).toHaveLength((before?.length ?? 0) + 1);
    expect(entries).toEqual(expect.arrayContaining([...(before ?? [])]));
    expect(await everything(source.location)).toEqual(wanted);

    const next = await sync(target.file);
    expect(next).toMatchObject({ state: 'held', counts: { planned: 12, held: 12, applied: 0, mirrorChanged: 0 } });
    expect(next.heldRunId).toBe(2);
    const app = await createRosterd('test').open({ config: target.file });
    expect(await app.verifyAudit({}, never, () => undefined)).toMatchObject({ ok: true });
    await app.close();
  });

  it('says for machines what was copied, and what keeps it from copying', async () => {
    office = await openOffice({ startAt: Date.now() });
    const [source, target] = [await configure('source', 'SQLite'), await configure('target', 'SQLite')];
    await office.staff.hireMany(3);
    await migrate(source.file);
    await sync(source.file);
    const copy = (): ReturnType<typeof runCli> =>
      runCli(['db', 'copy', '--json', '--config', source.file, '--to', target.file], 'real');

    const early = await copy();
    expect(early.code).toBe(6);
    expect(JSON.parse(early.stdout)).toMatchObject({ error: { code: 'store-unreachable' } });
    expect(existsSync(join(office.folder, 'target.db'))).toBe(false);
    await migrate(target.file);
    const done = await copy();
    expect(done.code).toBe(0);
    const said = JSON.parse(done.stdout);
    expect(said).toMatchObject({ from: source.location.kind === 'sqlite' && source.location.path });
    expect(said.tables).toContainEqual({ table: 'users', rows: 3 });
    expect(said.audit).toMatchObject({ entries: 4 });

    const again = await copy();
    expect(again.code).toBe(4);
    expect(JSON.parse(again.stdout)).toMatchObject({ error: { code: 'store-not-empty' } });
    await writeFile(join(office.folder, 'other.key'), 'ab'.repeat(32), { mode: 0o600 });
    await writeFile(target.file, (await readFile(target.file, 'utf8')).replace('audit.key', 'other.key'));
    const otherKey = await copy();
    expect(otherKey.code).toBe(4);
    expect(JSON.parse(otherKey.stdout)).toMatchObject({ error: { code: 'audit-key-differs' } });
  });
});
