// `finding resolve`, `finding list --for`, `user unlink` and `source detach` as they are typed: what is asked of the use cases,
// what is said, and what is refused before anything is asked.

import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { Admin } from '../../src/admin/admin.ts';
import type { DetachReport } from '../../src/admin/detach-source.ts';
import type { App, Rosterd } from '../../src/cli/app.ts';
import { runCli } from '../../src/cli/run-cli.ts';
import { Terminal } from '../../src/cli/terminal.ts';
import { asEpochMs, asSourceName, asUserId } from '../../src/model/ids.ts';

const at = asEpochMs(Date.parse('2026-11-22T02:12:30Z'));
const noEffects = { roles: 0, staysDisabled: 0, grantsGo: 0 };
const counts = { users: 3, unsynced: 2, accounts: 3, groups: 1, teams: 1, findings: 0, ...noEffects };
const preview: DetachReport = {
  source: asSourceName('old'),
  changed: false,
  summary: 'old would be detached',
  warnings: [],
  counts,
};

async function* outward() {
  const of = { number: 7, id: 'a|b', since: at, facts: 'x' } as const;
  yield { ...of, code: 'names-differ', task: 'Names differ. Mend one.', name: 'Mira Novák' } as const;
  yield { ...of, code: 'email-invalid', task: 'No address. Mend it.', name: 'Jan', number: 8 } as const;
}

async function* pieces() {
  yield 'one,';
  yield 'two\r\n';
}

/** What was asked, as `name json`. */
async function run(...argv: readonly string[]) {
  const asked: string[] = [];
  const act = { user: { id: asUserId(1), username: 'mira' }, changed: true, summary: 'Done.', warnings: [] };
  const ask =
    <T>(name: string, answer: T) =>
    (...request: readonly unknown[]): T => {
      asked.push(`${name} ${request.map((one) => JSON.stringify(one)).join(' ')}`);
      return answer;
    };
  const finding = { ...act, finding: { id: 7, code: 'names-differ', label: 'mira' } };
  const admin = {
    unlinkUser: ask('unlinkUser', Promise.resolve(act)),
    resolveFinding: ask('resolveFinding', Promise.resolve(act)),
    ignoreFinding: ask('ignoreFinding', Promise.resolve(finding)),
    watchFinding: ask('watchFinding', Promise.resolve(finding)),
    outwardFindings: ask('outwardFindings', outward()),
    exportOutward: ask('exportOutward', pieces()),
    exportFindings: ask('exportFindings', pieces()),
    countInward: () => Promise.resolve(2),
    previewDetach: ask('previewDetach', Promise.resolve(preview)),
    detachSource: ask(
      'detachSource',
      Promise.resolve({ ...preview, changed: true, summary: 'old is detached', audit: 9 }),
    ),
    leftSources: () => Promise.resolve([{ name: 'old', type: 'uccx' }]),
  } as unknown as Admin;
  const app = { admin, sources: [], runs: () => Promise.resolve([]), close: () => Promise.resolve() } as unknown as App;
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const code = await runCli(argv, {
    terminal: new Terminal({ stdin: new PassThrough(), stdout, stderr }),
    signals: new EventEmitter(),
    endNow: () => undefined,
    now: () => at,
    version: '0.0.0',
    rosterd: () => Promise.resolve({ open: () => Promise.resolve(app) } as unknown as Rosterd),
  });
  const said = (stream: PassThrough): string => ((stream.read() as Buffer | null) ?? '').toString();
  return { code, asked, out: said(stdout), err: said(stderr) };
}

const why = ['--reason', 'because'] as const;

describe('finding resolve', () => {
  it.each([
    [['--link'], 'resolveFinding {"finding":7,"reason":"because","as":{"kind":"link"}}'],
    [['--link', 'mira'], 'resolveFinding {"finding":7,"reason":"because","as":{"kind":"link","user":"mira"}}'],
    [['--new'], 'resolveFinding {"finding":7,"reason":"because","as":{"kind":"new"}}'],
    [
      ['--new', '--username', 'm2'],
      'resolveFinding {"finding":7,"reason":"because","as":{"kind":"new","username":"m2"}}',
    ],
    [['--ignore'], 'ignoreFinding {"finding":7,"reason":"because"}'],
    [['--ignore', '--until', '90d'], 'ignoreFinding {"finding":7,"reason":"because","until":"90d"}'],
    [['--watch'], 'watchFinding {"finding":7,"reason":"because"}'],
  ])('%j asks for that', async (options, request) => {
    expect(await run('finding', 'resolve', '7', ...options, ...why)).toEqual({
      code: 0,
      asked: [request],
      out: 'Done.\n',
      err: '',
    });
  });

  it.each([
    [[], 'one of --link'],
    [['--new', '--ignore'], 'one of --link'],
    [['--link', '--username', 'x'], '--username goes with --new'],
    [['--new', '--until', '1d'], '--until goes with --ignore'],
  ])('refuses %j', async (options, message) => {
    const { code, asked, err } = await run('finding', 'resolve', '7', ...options, ...why);
    expect({ code, asked }).toEqual({ code: 4, asked: [] });
    expect(err).toContain(message);
  });

  it('prints the act as JSON in the shape of what was done', async () => {
    const json = async (option: string) =>
      JSON.parse((await run('finding', 'resolve', '7', option, ...why, '--json')).out) as object;
    expect(await json('--new')).toMatchObject({ user: { id: 1 }, audit: null });
    expect(await json('--ignore')).toMatchObject({ finding: { id: 7 }, audit: null });
  });
});

describe('finding list', () => {
  it('prints the to-do list of a source task by task, and says on the side what is left out', async () => {
    const { code, out, err } = await run('finding', 'list', '--for', 'cc');
    expect(code).toBe(0);
    expect(out.split('\n')).toEqual([
      'Names differ',
      'Mend one.',
      'NO  NAME        ID   SINCE       DETAILS',
      ' 7  Mira Novák  a|b  2026-11-22  x',
      '',
      'No address',
      'Mend it.',
      'NO  NAME  ID   SINCE       DETAILS',
      ' 8  Jan   a|b  2026-11-22  x',
      '',
    ]);
    expect(err).toContain('2 more of cc are yours to settle');
  });

  it('streams CSV and Markdown to standard output alone', async () => {
    const list = await run('finding', 'list', '--for', 'cc', '--format', 'md');
    expect(list).toMatchObject({ asked: ['exportOutward "cc" "md"'], out: 'one,two\r\n' });
    const plain = await run('finding', 'list', '--code', 'names-differ', '--state', 'ignored', '--format', 'csv');
    expect(plain).toMatchObject({
      asked: ['exportFindings {"state":"ignored","code":"names-differ"} "csv"'],
      out: 'one,two\r\n',
      err: '',
    });
  });

  it('prints the to-do list as one JSON document', async () => {
    const { out, err } = await run('finding', 'list', '--for', 'cc', '--json');
    expect(JSON.parse(out)).toMatchObject({
      for: 'cc',
      findings: [{ number: 7, since: '2026-11-22T02:12:30.000Z' }, { number: 8 }],
    });
    expect(err).toBe('');
  });

  it('refuses --for beside what it decides itself', async () => {
    const { code, asked, err } = await run('finding', 'list', '--for', 'cc', '--code', 'names-differ');
    expect({ code, asked }).toEqual({ code: 4, asked: [] });
    expect(err).toContain('--for');
  });
});

describe('user unlink', () => {
  it('names the user, the account and why', async () => {
    expect((await run('user', 'unlink', 'mira', 'a7', '--source', 'cc', ...why)).asked).toEqual([
      'unlinkUser {"user":"mira","account":"a7","source":"cc","reason":"because"}',
    ]);
    expect(await run('user', 'unlink', 'mira', 'a7')).toMatchObject({ code: 4, asked: [] });
  });
});

describe('source detach', () => {
  it('only looks with --dry-run, and exits with 2', async () => {
    expect(await run('source', 'detach', 'old', '--dry-run')).toMatchObject({
      code: 2,
      asked: ['previewDetach {"source":"old"}'],
      out: 'old would be detached\n',
    });
  });

  it('needs a reason, and --yes where nobody can be asked', async () => {
    const detached = (asked: readonly string[]) => asked.some((one) => one.startsWith('detachSource'));
    const silent = await run('source', 'detach', 'old', '--yes');
    expect([silent.code, detached(silent.asked)]).toEqual([4, false]);
    expect(silent.err).toContain('--reason');
    const unasked = await run('source', 'detach', 'old', ...why);
    expect([unasked.code, detached(unasked.asked)]).toEqual([4, false]);
    expect(unasked.err).toContain('--yes');
  });

  it('detaches, and prints counts and entry as JSON', async () => {
    const { code, asked, out } = await run('source', 'detach', 'old', '--yes', '--json', ...why);
    expect(code).toBe(0);
    expect(asked.at(-1)).toBe('detachSource {"source":"old","reason":"because"}');
    expect(JSON.parse(out)).toMatchObject({ source: 'old', changed: true, counts, audit: 9 });
  });
});

describe('source list', () => {
  it('shows what was read once and is not configured any more', async () => {
    const { out } = await run('source', 'list');
    expect(out).toContain('old is not configured');
    expect(out).toContain('rosterd source detach old');
    const { sources } = JSON.parse((await run('source', 'list', '--json')).out) as { sources: unknown };
    expect(sources).toMatchObject([{ name: 'old', type: 'uccx', isConfigured: false }]);
  });
});
