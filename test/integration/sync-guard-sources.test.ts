// Two sources that know the same people, and their guards: what one of them holds, the other does not do.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { asSourceName, type SourceName } from '../../src/model/ids.ts';
import type { Run } from '../../src/model/run.ts';
import { runSource } from '../../src/sync/run-source.ts';
import { hq, minute, type Office, openOffice } from './sync-fixture.ts';

const west = asSourceName('west');
let office: Office;
let westUnit: string;

beforeEach(async () => {
  office = await openOffice({ pageSize: 200 });
  westUnit = await office.staff.unit('West');
  await bothSources();
});

afterEach(() => office.close());

/** `hq` decides who is enabled; `west` knows the same people, matched by e-mail, and many others. */
async function bothSources(): Promise<void> {
  const { server } = office;
  await office.configure({
    source: `  - name: west
    type: active-directory
    connection:
      servers: ["${server.url}"]
      tls: { caFile: ca.pem }
      bind: { user: "${server.reader.user}", password: { file: password } }
    users: { base: "${westUnit}" }
    groups: { base: "${westUnit}" }
    correlation: [email]
    lifecycle: none
`,
  });
}

const sync = (source: SourceName, intent: 'apply' | 'plan' = 'apply'): Promise<Run> => {
  office.forward(minute);
  const request = { source, mode: 'full', intent, trigger: 'schedule', actor: 'daemon' } as const;
  return runSource(office.deps, request, new AbortController().signal);
};

const enabledCount = async (): Promise<number> =>
  Object.values(await office.users()).filter((user) => user.enabled).length;

/** Forty people of both sources, and many whom only `west` knows. */
async function staffed(): Promise<readonly string[]> {
  const logins = await office.staff.hireMany(40);
  await sync(hq);
  for (const login of logins)
    await office.staff.hire(`w-${login}`, { mail: `${login}@example.test`, givenName: login }, westUnit);
  for (let index = 0; index < 460; index += 1) await office.staff.hire(`x${index}`, {}, westUnit);
  const first = await sync(west);
  expect(first).toMatchObject({ state: 'held', counts: { held: 40 } });
  await office.approve(first);
  expect((await office.user('p000')).links).toHaveLength(2);
  await sync(hq);
  expect(await sync(west)).toMatchObject({ state: 'done', counts: { planned: 0 } });
  return logins;
}

describe('what one source holds', () => {
  it('is not done by the run of another, whose own limits are wider', async () => {
    const logins = await staffed();
    await office.staff.disable(...logins.slice(0, 20));
    const held = await sync(hq);
    expect(held).toMatchObject({ state: 'held', counts: { held: 20 } });

    expect(await sync(west, 'plan')).toMatchObject({ state: 'done', counts: { planned: 0 } });
    expect(await sync(west)).toMatchObject({ state: 'done', counts: { planned: 0 } });

    expect(await enabledCount()).toBe(500);
    expect(await sync(hq)).toMatchObject({ state: 'held', heldRunId: held.id });
    await office.approve(held);
    expect(await enabledCount()).toBe(480);
    expect(await sync(west)).toMatchObject({ state: 'done', counts: { planned: 0 } });
    expect(await sync(hq)).toMatchObject({ state: 'done', counts: { planned: 0 } });
  });

  it('does not keep another source from changing what is its own of the same people', async () => {
    const logins = await staffed();
    await office.staff.disable(...logins.slice(0, 20));
    const held = await sync(hq);
    await office.staff.group('Sales', []);
    await office.staff.move('Sales', westUnit);
    await office.staff.join('Sales', 'w-p000', 'x0');

    expect(await sync(west)).toMatchObject({ state: 'done', counts: { held: 0, conflict: 0 } });

    expect(await office.user('p000')).toMatchObject({ enabled: true, teams: ['Sales'], main: 'Sales' });
    expect((await office.user('x0')).teams).toEqual(['Sales']);
    // What is held has not become other changes by it.
    expect(await sync(hq)).toMatchObject({ state: 'held', heldRunId: held.id });
    await office.approve(held);
    expect(await office.user('p000')).toMatchObject({ enabled: false, teams: ['Sales'] });
  });

  it('has nothing to do with what another one holds: each is decided by itself', async () => {
    const logins = await staffed();
    await office.staff.disable(...logins.slice(0, 20));
    for (let index = 0; index < 200; index += 1) await office.staff.set(`x${index}`, 'sn', 'Married');
    const first = await sync(hq);
    const other = await sync(west);
    expect([first.state, other.state]).toEqual(['held', 'held']);
    expect(await office.findings()).toEqual(['plan-held hq', 'plan-held west']);
    expect((await sync(hq)).heldRunId).toBe(first.id);
    expect((await sync(west)).heldRunId).toBe(other.id);

    await office.reject(first);

    expect(await office.findings()).toEqual(['plan-held west']);
    expect((await sync(hq)).state).toBe('done');
    await office.approve(other);
    expect((await office.user('x0')).values['lastName']).toBe('Married');
    expect(await office.findings()).toEqual([]);
    expect(await enabledCount()).toBe(500);
    expect((await sync(west)).state).toBe('done');
  });
});

describe('a source', () => {
  it('that is paused has nothing applied by the run of another', async () => {
    await staffed();
    await office.pause({ source: hq });
    await office.staff.disable('p000');
    await office.staff.set('p001', 'department', 'Claims');
    await office.staff.set('w-p002', 'department', 'Sales');
    expect((await sync(hq)).state).toBe('paused');

    expect(await sync(west)).toMatchObject({ state: 'done', counts: { applied: 1 } });

    expect((await office.user('p000')).enabled).toBe(true);
    expect((await office.user('p001')).values['department']).toBeUndefined();
    expect((await office.user('p002')).values['department']).toBe('Sales');
    await office.endPause(hq);
    expect(await sync(hq)).toMatchObject({ state: 'done', counts: { applied: 2 } });
    expect((await office.user('p000')).enabled).toBe(false);
    expect((await office.user('p001')).values['department']).toBe('Claims');
    expect(await sync(west)).toMatchObject({ state: 'done', counts: { planned: 0 } });
  });

  it('whose read went in and whose plan was not made leaves both to its next run', async () => {
    const logins = await staffed();
    await office.staff.disable(...logins.slice(0, 20));
    const stop = new AbortController();
    const request = { source: hq, mode: 'full', intent: 'apply', trigger: 'schedule', actor: 'daemon' } as const;
    const emit: typeof office.deps.emit = (event) => {
      if (event.kind === 'phase:started' && event.phase === 'planning') stop.abort();
    };
    expect(await runSource({ ...office.deps, emit }, request, stop.signal)).toMatchObject({ state: 'interrupted' });

    await sync(west);

    expect(await enabledCount()).toBe(500);
    expect(await sync(hq)).toMatchObject({ state: 'held', counts: { held: 20 } });
  });

  it('that gives a value up lets the next one through at once', async () => {
    await staffed();
    await office.staff.set('p000', 'department', 'Claims');
    await sync(hq);
    await office.staff.set('w-p000', 'department', 'Sales');
    expect(await sync(west)).toMatchObject({ counts: { planned: 0 } });
    await office.staff.set('p000', 'department');

    expect(await sync(hq)).toMatchObject({ counts: { applied: 1 } });

    expect((await office.user('p000')).values['department']).toBe('Sales');
  });
});
