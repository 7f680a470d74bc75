// What a login of UCCE must see, what a read must contain, and what the configuration takes of it.
import { describe, expect, it } from 'vitest';
import { accountsOf, collect } from '../contract/connector-contract.ts';
import { withAgents } from './ucce-agent-fixture.ts';
import { type Asked, agentPage, agentXml, idsOf, numbers, pageXml } from './ucce-source.ts';

describe('view of UCCE', () => {
  const supervisor = '<permissionInfo><role>supervisor</role></permissionInfo>';
  const department =
    '<permissionInfo><departmentAdmin>true</departmentAdmin><role>Administrator</role></permissionInfo>';

  it.each([
    ['a supervisor', supervisor, {}, /svc@corp\.example\.test is a supervisor.*own teams only.*ignoreRole: true/u],
    ['an administrator of departments', department, {}, /administers single departments/u],
    [
      'an administrator of departments that ignores roles',
      department,
      { ignoreRole: true },
      /administers single departments/u,
    ],
    ['nobody knows whom', '', {}, /does not say with which role/u],
  ])('makes the read of %s partial, with all that it shows', async (_, permission, change, because) => {
    const { connector } = await withAgents((asked) => agentPage(numbers(150), asked, { permission }), change);
    const end = await idsOf(connector);
    expect(end).toMatchObject({ outcome: 'partial', because: expect.stringMatching(because) });
    expect(end.ids).toHaveLength(150);
  });

  it.each([
    ['a supervisor whose role is ignored', supervisor, { ignoreRole: true }],
    ['nobody knows whom', '', {}],
  ])('is everything for %s when a witness came, and not without one', async (_, permission, change) => {
    const outcomeWith = async (...witnesses: readonly string[]): Promise<string> => {
      const { connector } = await withAgents((asked) => agentPage(numbers(3), asked, { permission }), {
        ...change,
        witnesses,
      });
      return (await idsOf(connector)).outcome;
    };
    expect(await outcomeWith('2')).toBe('complete');
    expect(await outcomeWith('4')).toBe('partial');
    expect(await outcomeWith()).toBe('partial');
  });

  it('is asked for beyond the role of the login where that is configured', async () => {
    const { connector, asked } = await withAgents((question) => agentPage(numbers(3), question), { ignoreRole: true });
    expect((await idsOf(connector)).outcome).toBe('complete');
    expect(asked[0]?.query.get('ignoreRole')).toBe('true');
  });

  it('makes the read partial when it changes between pages', async () => {
    const { connector } = await withAgents((asked) =>
      agentPage(
        numbers(150),
        asked,
        asked.query.get('startIndex') === '0'
          ? {}
          : { permission: '<permissionInfo><role>Other</role></permissionInfo>' },
      ),
    );
    expect(await idsOf(connector)).toMatchObject({
      outcome: 'partial',
      because: expect.stringContaining('rights of svc'),
    });
  });
});

describe('what a read of UCCE must contain', () => {
  const everybody = (asked: Asked) => agentPage(numbers(5), asked);

  it('is found by user name, agent ID or id, in any case', async () => {
    const { connector } = await withAgents(everybody, {
      witnesses: ['U1@CORP.example.test', '2', '3'],
      expectAtLeast: 5,
    });
    expect((await idsOf(connector)).outcome).toBe('complete');
  });

  it('makes the read partial when it is missing', async () => {
    const { connector } = await withAgents(everybody, { witnesses: ['u1@corp.example.test', 'Somebody'] });
    expect(await idsOf(connector)).toMatchObject({ outcome: 'partial', because: 'witnesses are missing: Somebody' });
    const { connector: other } = await withAgents(everybody, { expectAtLeast: 6 });
    expect(await idsOf(other)).toMatchObject({ outcome: 'partial', because: expect.stringContaining('at least 6') });
  });

  it('is only what the configuration takes, and the rest is taken off the total', async () => {
    const places = ['Finance', 'Support', ''].map((name) =>
      name === '' ? '' : `<department><name>${name}</name></department>`,
    );
    const agents = numbers(6).map((id) =>
      agentXml(id, `${places[id % 3]}<peripheral><id>${5000 + (id % 2)}</id><name>PG ${id % 2}</name></peripheral>`),
    );
    const of = async (change: object) => {
      const { connector } = await withAgents(() => pageXml('agents', agents, { total: 6, start: 0 }), {
        agents: change,
      });
      const read = await collect(connector);
      expect(read.outcome).toMatchObject({ kind: 'complete', total: { accounts: accountsOf(read).length } });
      return accountsOf(read).map(({ id }) => id);
    };
    expect(await of({ departments: [' finance '] })).toEqual(['3', '6']);
    expect(await of({ departments: ['Finance', 'SUPPORT'] })).toEqual(['1', '3', '4', '6']);
    expect(await of({ peripherals: ['pg 1'] })).toEqual(['1', '3', '5']);
    expect(await of({ peripherals: ['5000'] })).toEqual(['2', '4', '6']);
    expect(await of({ departments: ['Finance'], peripherals: ['5000'] })).toEqual(['6']);
  });
});
