// A private, temporary SQLite copy of a store, in which a dry run reads and plans with the very same code.
// Invariant: the original is only read. The copy leaves with close(), or with the next start when its process died.

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseHolder } from '../model/holder.ts';
import { asEpochMs } from '../model/ids.ts';
import type { Clock } from '../sync/ports.ts';
import { type Connections, connections, type Location } from './clients.ts';
import { isDead, makeHolder } from './process-holder.ts';
import { Sql } from './sql.ts';
import { copyTable, readTables, type TablePart } from './table-copy.ts';
import { toText } from './times.ts';

const prefix = 'rosterd-overlay-';
const dayMs = 24 * 3_600_000;

export interface OverlayFolder {
  readonly path: string;
  remove(): void;
}

/** A folder of its own, readable by nobody else (mkdtemp gives it 0700); its name tells whose it is. */
export function makeOverlayFolder(root = tmpdir()): OverlayFolder {
  const holder = parseHolder(makeHolder());
  const owner = `${holder?.boot ?? 'unknown'}_${process.pid}_${holder?.start ?? '0'}`;
  const path = mkdtempSync(join(root, `${prefix}${owner}_`));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Removes the copies of processes that were killed. Those of other users, hosts or containers are left alone. */
export function removeLeftOverlays(root = tmpdir()): void {
  const own = parseHolder(makeHolder());
  for (const name of readdirSync(root)) {
    const match = /^rosterd-overlay-([^_]+)_(\d+)_([^_]+)_/.exec(name);
    if (match === null || own === undefined) continue;
    if (!isDead(`${own.host}:${match[1]}:${match[2]}:${match[3]}`)) continue;
    try {
      rmSync(join(root, name), { recursive: true, force: true });
    } catch {
      // Another user's: that user's next start removes it.
    }
  }
}

/** Fills the tables of the SQLite database `to`, which is migrated and empty, from the store at `origin`. */
export async function copyIntoOverlay(origin: Location, to: Connections, clock: Clock): Promise<void> {
  const writer = await to.openWriter();
  try {
    if (origin.kind === 'sqlite') await attach(writer, origin.path);
    await writer.$transaction(
      async (tx) => {
        const target = new Sql(tx, to.dialect, to.place);
        if (origin.kind === 'sqlite') await copyAttached(target, clock);
        else await copyFromPostgresql(origin, target, clock);
      },
      { maxWait: 10_000, timeout: dayMs },
    );
  } finally {
    await writer.$disconnect();
  }
}

/** What planning reads. No audit entries, no leases; of changes what is held or rejected, of runs those and what the guard's window asks for. */
function partsOf(tables: Iterable<string>, clock: Clock): readonly TablePart[] {
  const left = new Set(['audit_entries', 'changes', 'leases', 'runs', 'findings', 'skips', 'deliveries']);
  const dayAgo = toText(asEpochMs(clock.now() - dayMs));
  const complete = `SELECT max(id) FROM runs WHERE state IN ('done', 'held') GROUP BY source`;
  // By it the guard tells runs under a wrong clock from those of the last day.
  const older = `SELECT max(id) FROM runs WHERE started_at < '${dayAgo}' AND NOT dry_run GROUP BY source`;
  const waiting = `state IN ('held', 'rejected')`;
  const holding = `SELECT run_id FROM changes WHERE ${waiting}`;
  return [
    ...[...tables].filter((table) => !left.has(table)).map((table) => ({ table })),
    {
      table: 'runs',
      where: `started_at >= '${dayAgo}' OR id IN (${complete}) OR id IN (${older}) OR id IN (${holding})`,
    },
    { table: 'changes', where: waiting },
    { table: 'findings', where: 'closed_at IS NULL' },
  ];
}

type Client = Awaited<ReturnType<Connections['openWriter']>>;

async function attach(writer: Client, path: string): Promise<void> {
  await writer.$executeRawUnsafe('ATTACH DATABASE ? AS origin', path);
}

/** A whole table per statement: into an empty table with the same indexes SQLite copies the pages' content as it is. */
async function copyAttached(target: Sql, clock: Clock): Promise<void> {
  const tables = await readTables(target);
  const parts = partsOf(tables.keys(), clock);
  for (const { table, where } of parts) {
    const condition =
      where === undefined ? '' : ` WHERE ${where.replaceAll(/FROM (?=runs|changes)/gu, 'FROM origin.')}`;
    await target.run(`INSERT INTO main.${table} SELECT * FROM origin.${table}${condition}`);
  }
}

async function copyFromPostgresql(origin: Location, target: Sql, clock: Clock): Promise<void> {
  const { openReader, dialect, place } = connections(origin, 5_000, 120_000);
  const reader = await openReader();
  try {
    await reader.$transaction(
      async (tx) => {
        const from = new Sql(tx, dialect, place);
        await from.run('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY');
        const tables = await readTables(target);
        for (const part of partsOf(tables.keys(), clock)) {
          await copyTable(from, target, part, tables.get(part.table) ?? {});
        }
      },
      { maxWait: 10_000, timeout: dayMs },
    );
  } finally {
    await reader.$disconnect();
  }
}
