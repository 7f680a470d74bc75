// The operational log: about six lines a run, the run on each, no secrets, and no listener that can break a run.
import { Writable } from 'node:stream';
import { describe, expect, it, vi } from 'vitest';
import { asRunId, asSourceName } from '../../src/model/ids.ts';
import { noCounts } from '../../src/model/run.ts';
import { fanOut } from '../../src/observe/fan-out.ts';
import { logEvents } from '../../src/observe/log-events.ts';
import { createLogger, type LoggerOptions } from '../../src/observe/logger.ts';
import { redact, redactText } from '../../src/observe/redact.ts';
import type { SyncEvent } from '../../src/sync/events.ts';

/** A logger whose lines can be read back. */
function capture(options: Partial<LoggerOptions> = {}) {
  const written: string[] = [];
  const output = new Writable({
    write: (chunk, _encoding, done) => {
      written.push(String(chunk));
      done();
    },
  });
  const logger = createLogger({ level: 'info', format: 'json', output, ...options });
  const lines = async (): Promise<readonly string[]> => {
    await logger.close();
    return written
      .join('')
      .split('\n')
      .filter((line) => line !== '');
  };
  return {
    logger,
    lines,
    entries: async () => (await lines()).map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

const of = { run: asRunId(7), source: asSourceName('ad-hq') };
const wholeRun: readonly SyncEvent[] = [
  { ...of, kind: 'run:started', mode: 'full', dryRun: false, trigger: 'cli', actor: 'cli:it@host' },
  { ...of, kind: 'phase:started', phase: 'connecting' },
  { ...of, kind: 'phase:started', phase: 'reading', total: 1_000 },
  ...Array.from({ length: 500 }, (_, done): SyncEvent => ({ ...of, kind: 'phase:progressed', phase: 'reading', done })),
  { ...of, kind: 'read:ended', outcome: 'complete', accounts: 1_000, groups: 5, edges: 9, durationMs: 12 },
  { ...of, kind: 'phase:started', phase: 'planning' },
  { ...of, kind: 'plan:judged', planned: 3, held: 0, holds: [] },
  { ...of, kind: 'phase:started', phase: 'applying', total: 3 },
  {
    ...of,
    kind: 'changes:applied',
    by: 'run',
    counts: { applied: 3, created: 0, obsolete: 0, conflict: 0 },
  },
  { ...of, kind: 'phase:started', phase: 'verifying' },
  { ...of, kind: 'run:ended', state: 'done', counts: { ...noCounts, applied: 3 }, durationMs: 20, auditHead: 'abc' },
];

describe('logEvents', () => {
  it('writes six info lines for a run, each with run and source', async () => {
    const { logger, entries } = capture();
    wholeRun.forEach(logEvents(logger));
    const said = await entries();
    expect(said.map(({ message }) => message)).toEqual([
      'run started',
      'read complete',
      'plan judged safe',
      'applying',
      'changes applied',
      'run ended: done',
    ]);
    for (const entry of said)
      expect(entry).toMatchObject({ level: 'info', run: 7, source: 'ad-hq', timestamp: expect.stringMatching(/Z$/u) });
    expect(said.at(-1)).toMatchObject({ applied: 3, auditHead: 'abc', durationMs: 20 });
    expect(said.at(-1)).not.toHaveProperty('held');
  });

  it('warns of holds with their numbers, of partial reads and of TLS that is off', async () => {
    const { logger, entries } = capture();
    const log = logEvents(logger);
    log({
      ...of,
      kind: 'plan:judged',
      planned: 9,
      held: 8,
      holds: [{ kind: 'access-loss', count: 8, recent: 2, baseline: 100 }],
    });
    log({
      ...of,
      kind: 'read:ended',
      outcome: 'partial',
      because: 'connection lost',
      accounts: 1,
      groups: 0,
      edges: 0,
      durationMs: 1,
    });
    log({ ...of, kind: 'run:interrupted-closed', interrupted: asRunId(6) });
    log({ ...of, kind: 'verify:failed', subjects: 2 });
    log({ ...of, kind: 'run:ended', state: 'failed', errorCode: 'source-timeout', counts: noCounts, durationMs: 1 });
    log({ kind: 'tls:off', source: of.source });
    const said = await entries();
    expect(said.map(({ level }) => level)).toEqual(['warn', 'warn', 'warn', 'error', 'error', 'warn']);
    expect(said[0]).toMatchObject({ holds: ['access-loss: 8 and 2 in the last 24 h of 100'] });
    expect(said[4]).toMatchObject({ errorCode: 'source-timeout' });
    expect(said[5]).toMatchObject({ source: 'ad-hq' });
  });
});

describe('createLogger', () => {
  it('keeps a value from forging a line or a level', async () => {
    const { logger, lines } = capture({ format: 'text' });
    logger.info('read\n2026 error forged', { level: 'error', because: 'a\u001b[31m\u2028b' });
    const said = await lines();
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/Z info {2}read\\u000a2026 error forged because=a\\u001b\[31m\\u2028b$/u);
  });

  it('says nothing below its level and adds the fields of children', async () => {
    const { logger, entries } = capture({ level: 'warn' });
    logger.info('no');
    logger.child({ run: 1 }).child({ source: 'a' }).warn('yes', { count: 2 });
    expect(await entries()).toMatchObject([{ message: 'yes', run: 1, source: 'a', count: 2 }]);
  });

  it('outlives the loss of its reader', async () => {
    const output = new Writable({ write: (_chunk, _encoding, done) => done(new Error('EPIPE')) });
    const logger = createLogger({ level: 'info', format: 'json', output });
    logger.info('one');
    logger.info('two');
    await new Promise((resolve) => setImmediate(resolve));
    logger.info('three');
  });

  it('keeps no more than some megabytes of what nobody takes, and counts the rest', async () => {
    const taken: string[] = [];
    let goOn = (): void => undefined;
    const output = new Writable({
      write(chunk, _encoding, done) {
        taken.push(String(chunk));
        if (taken.length === 1) goOn = done;
        else done();
      },
    });
    const logger = createLogger({ level: 'info', format: 'json', output });
    for (let line = 0; line < 100; line += 1) logger.info('x'.repeat(100_000));
    expect(output.writableLength).toBeLessThan(5_000_000);

    goOn();
    await vi.waitFor(() => expect(output.writableLength).toBe(0));
    logger.info('the reader is back');
    await logger.close();

    const lines = taken.filter((text) => text !== '');
    const kept = lines.length - 2;
    expect(lines.slice(-2).map((line) => JSON.parse(line))).toMatchObject([
      { level: 'warn', message: 'nobody took the log; lines of it are lost', lines: 100 - kept },
      { message: 'the reader is back' },
    ]);
  });

  it('ends soon when nobody takes what it says, and says nothing after its end', async () => {
    const taken: string[] = [];
    const output = new Writable({ write: (chunk) => void taken.push(String(chunk)) });
    const logger = createLogger({ level: 'info', format: 'json', output });
    logger.info('one');

    await logger.close();
    logger.info('two');
    logger.child({ run: 1 }).error('three');
    await logger.close();

    expect(taken).toHaveLength(1);
    expect(output.writableLength).toBe(taken[0]?.length);
  });
});

describe('redaction', () => {
  it.each([
    ['postgresql://rosterd:p@ss:w/ord@db:5432/x', 'postgresql://[redacted]@db:5432/x'],
    ['Authorization: Basic c3ZjOmh1bnRlcjI=', 'Authorization: Basic [redacted]'],
    ['password=hunter2, user=a', 'password=[redacted], user=a'],
    ['{"bind_password": "hun ter2"}', '{"bind_password": [redacted]}'],
    ['-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----\nrest', '[redacted]\nrest'],
  ])('takes the secret out of %j', (text, clean) => {
    expect(redactText(text)).toBe(clean);
  });

  it.each([
    'bind password is wrong',
    'see https://docs.example/a@b',
    'CN=Key Users,DC=corp',
    '4 tokens read',
    'a@b.example',
    'ldaps://dc1:636',
  ])('hides no secret where there is none, beyond a URL with an @: %j', (text) => {
    expect(redactText(text).replace('[redacted]@', 'docs.example/a@')).toBe(text);
  });

  it('hides fields by their names at any depth, and survives what is deep or circular', () => {
    expect(redact({ a: { bindPassword: 'x', apiKey: 1, tokens: 3, list: [{ client_secret: 'y' }] } })).toEqual({
      a: { bindPassword: '[redacted]', apiKey: '[redacted]', tokens: 3, list: [{ client_secret: '[redacted]' }] },
    });
    const loop: Record<string, unknown> = {};
    loop['self'] = loop;
    expect(JSON.stringify(redact(loop))).toContain('[cut]');
  });

  it('reaches what is logged, in every form', async () => {
    for (const format of ['json', 'text'] as const) {
      const { logger, lines } = capture({ format });
      logger.warn('postgresql://u:hunter2@h failed', { password: 'hunter2', cause: { url: 'https://a:hunter2@b' } });
      expect((await lines()).join('')).not.toContain('hunter2');
    }
  });
});

describe('fanOut', () => {
  it('gives every event to every listener, though one throws and one rejects', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const seen: string[] = [];
    const sink = fanOut(
      () => {
        throw new Error('first breaks');
      },
      async () => {
        throw new Error('second breaks later');
      },
      (event) => void seen.push(event.kind),
    );
    for (const event of wholeRun.slice(0, 3)) sink(event);
    await new Promise((resolve) => setImmediate(resolve));
    expect(seen).toEqual(['run:started', 'phase:started', 'phase:started']);
    expect(warn.mock.calls.map(([warning]) => String(warning).split('\n')[0])).toEqual([
      'Error: first breaks',
      'Error: second breaks later',
    ]);
    warn.mockRestore();
  });
});
