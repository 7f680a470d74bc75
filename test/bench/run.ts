// `npm run bench`: measures rosterd against what ldapts alone takes to read the same directory, and judges the promises of the
// design. Options: --users 10000,100000  --rounds 3  --json FILE  --profile FOLDER  --postgresql  --ucce-agents 12000
// It needs slapd (npm run lab:install), takes some minutes, and ends whatever it started.

import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, release, totalmem } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { hasSlapd, sayMissing } from '../lab/machine.ts';
import type { BenchPostgresql } from './postgresql.ts';
import { phaseTable, promiseTable, sizeTable } from './print.ts';
import { judgePromises } from './promises.ts';
import { runScenario, type SizeResult } from './scenario.ts';
import { judgeUcce, runUcce } from './ucce-scenario.ts';
import { judgeUccx, runUccx } from './uccx-scenario.ts';

const { values } = parseArgs({
  options: {
    users: { type: 'string', default: '10000,100000' },
    rounds: { type: 'string', default: '3' },
    json: { type: 'string' },
    profile: { type: 'string' },
    postgresql: { type: 'boolean', default: false },
    'ucce-agents': { type: 'string', default: '12000' },
  },
});

function counts(text: string, option: string): number[] {
  const numbers = text.split(',').map(Number);
  if (numbers.every((number) => Number.isInteger(number) && number > 0))
    return numbers.sort((left, right) => left - right);
  throw new Error(`--${option} ${text}: whole numbers from 1 are needed, such as 10000,100000`);
}

/** Of the library that the store uses, which is not the one inside Node. */
function sqliteVersion(): string {
  type Opened = { prepare(sql: string): { pluck(): { get(): string } }; close(): void };
  const open = createRequire(import.meta.url)('better-sqlite3') as new (file: string) => Opened;
  const database = new open(':memory:');
  const version = database.prepare('select sqlite_version()').pluck().get();
  database.close();
  return version;
}

function machine(): Record<string, string | number> {
  return {
    date: new Date().toISOString().slice(0, 10),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 1e9),
    kernel: release(),
    node: process.version,
    store: values.postgresql ? 'PostgreSQL 18' : `SQLite ${sqliteVersion()}`,
  };
}

// A stopped bench still ends its servers and removes its folders.
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => stop.abort(new Error(`stopped by ${signal}`)));

const say = (line: string): void => console.error(line);

/** Loaded only when asked for: the package behind it ends the process at a signal by itself. */
async function startDatabase(): Promise<BenchPostgresql> {
  const { startPostgresql } = await import('./postgresql.ts');
  return startPostgresql();
}

async function main(): Promise<void> {
  if (!hasSlapd()) throw new Error(sayMissing('slapd'));
  const sizes = counts(values.users, 'users');
  const [rounds = 1] = counts(values.rounds, 'rounds');
  const profileFolder = values.profile === undefined ? undefined : resolve(values.profile);
  if (profileFolder !== undefined) mkdirSync(profileFolder, { recursive: true });
  const facts = machine();
  console.log(
    Object.entries(facts)
      .map(([name, value]) => `${name} ${value}`)
      .join(', '),
  );
  const results: SizeResult[] = [];
  for (const users of sizes) {
    if (stop.signal.aborted) break;
    const server = values.postgresql ? await startDatabase() : undefined;
    try {
      results.push(
        await runScenario(users, { rounds, profileFolder, databaseUrl: server?.url, say, signal: stop.signal }),
      );
    } finally {
      await server?.stop();
    }
  }
  for (const size of results) console.log(`\n${sizeTable(size)}\n\n${phaseTable(size)}`);
  const [ucceAgents = 12_000] = counts(values['ucce-agents'], 'ucce-agents');
  const ucce = await runUcce(ucceAgents, { rounds, profileFolder, say, signal: stop.signal });
  const uccx = await runUccx({ rounds, say, signal: stop.signal });
  const promises = [...judgePromises(results), ...judgeUcce(ucce), ...judgeUccx(uccx)];
  console.log(`\n${promiseTable(promises)}`);
  for (const { users, failed } of results) {
    if (failed === undefined) continue;
    console.error(`bench: ${users} users: ${failed}`);
    process.exitCode = 1;
  }
  if (values.json !== undefined)
    writeFileSync(values.json, `${JSON.stringify({ facts, rounds, sizes: results, promises }, undefined, 2)}\n`);
}

try {
  await main();
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
