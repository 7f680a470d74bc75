// `npm run bench:soak`: a daemon that runs 200 times in minutes while its source changes all the time. Memory, handles and the
// database must come to a level and stay there, and what retention forgets must be gone.
// Options: --users 2000  --runs 200  --changes 20

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { DaemonProcess } from '../lab/daemon-process.ts';
import { hasSlapd, sayMissing } from '../lab/machine.ts';
import { installAt } from './bench-config.ts';
import { startBenchDirectory } from './directory.ts';

const { values } = parseArgs({
  options: {
    users: { type: 'string', default: '2000' },
    runs: { type: 'string', default: '200' },
    changes: { type: 'string', default: '20' },
  },
});
const [users, runs, changes] = [Number(values.users), Number(values.runs), Number(values.changes)];

interface Sample {
  readonly run: number;
  readonly rssMb: number;
  /** Used by JavaScript, and by octets outside of its heap. */
  readonly heapMb: number;
  readonly handles: number;
  /** Its pages, wherever they are: in the file, or in the log that waits to be moved into it. */
  readonly databaseMb: number;
  readonly walMb: number;
  readonly applied: number;
}

const megabytes = (path: string): number => {
  try {
    return statSync(path).size / 1e6;
  } catch {
    return 0;
  }
};

function pagesOf(path: string): number {
  type Opened = { pragma(name: string, options: { simple: true }): number; close(): void };
  const open = createRequire(import.meta.url)('better-sqlite3') as new (file: string, options: object) => Opened;
  const database = new open(path, { readonly: true });
  try {
    const of = (name: string): number => database.pragma(name, { simple: true });
    return (of('page_count') * of('page_size')) / 1e6;
  } finally {
    database.close();
  }
}

function rssOf(pid: number): number {
  const [, kilobytes = '0'] = /^VmRSS:\s+(\d+)/mu.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) / 1e3;
}

/** What the daemon says of itself. */
async function heapOf(daemon: DaemonProcess): Promise<number> {
  const { body } = await daemon.ask('/metrics');
  const of = (name: string): number => Number(new RegExp(`^${name} ([\\d.e+]+)$`, 'mu').exec(body)?.[1] ?? Number.NaN);
  return (of('nodejs_heap_size_used_bytes') + of('nodejs_external_memory_bytes')) / 1e6;
}

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());

async function soak(): Promise<readonly Sample[]> {
  const folder = mkdtempSync(join(tmpdir(), 'rosterd-soak-'));
  const directory = await startBenchDirectory(users);
  const samples: Sample[] = [];
  let daemon: DaemonProcess | undefined;
  try {
    const { config, sqliteFile, configure } = await installAt(folder, directory.access);
    configure({ phoneMaxDigits: 15, serve: { cron: '* * * * * *', keepRuns: '30s' } });
    daemon = new DaemonProcess(config);
    let from = 0;
    let applied = 0;
    for (let run = 1; run <= runs && !stop.signal.aborted; run += 1) {
      const ended = await daemon.line(({ message }) => message.startsWith('run ended: '), from);
      if (ended.message !== 'run ended: done') throw new Error(`run ${run}: ${JSON.stringify(ended)}`);
      from = daemon.lines.indexOf(ended) + 1;
      applied += Number(ended['applied'] ?? 0);
      await directory.changeUsers(changes);
      if (run % Math.max(1, Math.floor(runs / 20)) !== 0) continue;
      const handles = readdirSync(`/proc/${daemon.pid}/fd`).length;
      const sizes = { databaseMb: pagesOf(sqliteFile), walMb: megabytes(`${sqliteFile}-wal`) };
      samples.push({ run, rssMb: rssOf(daemon.pid), heapMb: await heapOf(daemon), handles, ...sizes, applied });
      console.log(line(samples.at(-1) as Sample));
    }
    daemon.kill('SIGTERM');
    const { code } = await daemon.ended;
    if (code !== 0) throw new Error(`the daemon ended with ${code}`);
    const skipped = daemon.lines.filter(({ message }) => message === 'nothing ran at a scheduled time').length;
    console.log(
      `\n${runs} runs, ${applied} changes applied, ${skipped} scheduled times passed while a run was still going`,
    );
    return samples;
  } finally {
    await daemon?.end();
    await directory.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

const line = ({ run, rssMb, heapMb, handles, databaseMb, walMb, applied }: Sample): string =>
  [run, rssMb.toFixed(0), heapMb.toFixed(1), handles, databaseMb.toFixed(2), walMb.toFixed(2), applied]
    .map((value) => String(value).padStart(10))
    .join('');

/** The last quarter against the second: the first one is the start. */
function growth(samples: readonly Sample[], value: (sample: Sample) => number): number {
  const quarter = Math.floor(samples.length / 4);
  const mean = (part: readonly Sample[]): number => part.reduce((sum, sample) => sum + value(sample), 0) / part.length;
  return mean(samples.slice(-quarter)) / mean(samples.slice(quarter, 2 * quarter));
}

const longestLogMb = 80;
const limits = { rssMb: 1.15, heapMb: 1.15, handles: 1.05 } as const;
/** The audit log keeps an entry of every change for ever; nothing else may grow. */
const bytesPerChange = 1_000;

/** From the first quarter on, when retention has begun to forget runs. */
function bytesPerChangeOf(samples: readonly Sample[]): number {
  const [from, to] = [samples[Math.floor(samples.length / 4)], samples.at(-1)];
  if (from === undefined || to === undefined) return Number.NaN;
  return ((to.databaseMb - from.databaseMb) * 1e6) / (to.applied - from.applied);
}

if (!hasSlapd()) {
  console.error(sayMissing('slapd'));
  process.exitCode = 1;
} else {
  console.log(
    ['run', 'RSS MB', 'heap MB', 'handles', 'DB MB', 'WAL MB', 'applied'].map((head) => head.padStart(10)).join(''),
  );
  const samples = await soak();
  // As large as SQLite lets it grow before it moves it into the file; never more.
  const largestLog = Math.max(...samples.map(({ walMb }) => walMb));
  console.log(`largest write-ahead log ${largestLog.toFixed(0)} MB (limit ${longestLogMb})`);
  if (largestLog > longestLogMb) process.exitCode = 1;
  const kept = bytesPerChangeOf(samples);
  console.log(`database: ${kept.toFixed(0)} bytes a change stay, which is its audit entry (limit ${bytesPerChange})`);
  if (!(kept <= bytesPerChange)) process.exitCode = 1;
  for (const [name, limit] of Object.entries(limits) as [keyof typeof limits, number][]) {
    const grown = growth(samples, (sample) => sample[name]);
    const isFlat = grown <= limit;
    if (!isFlat) process.exitCode = 1;
    console.log(`${name}: last quarter ${grown.toFixed(3)} x the second (limit ${limit}) ${isFlat ? 'flat' : 'GROWS'}`);
  }
}
