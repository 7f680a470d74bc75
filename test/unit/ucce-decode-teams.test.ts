// References, agent teams and the view of a login as UCCE writes them (cisco-apis.md 2.2, 2.4, 2.8), and as no server should.
import { describe, expect, it } from 'vitest';
import { idOfUrl, isRecordId } from '../../connectors/ucce/reference.ts';
import { decodeTeam } from '../../connectors/ucce/team.ts';
import { isSameView, narrownessOf, viewOf } from '../../connectors/ucce/view.ts';
import { parseXml } from '../../connectors/xml-document.ts';
import { ucceSettings } from './ucce-source.ts';

describe('refURL', () => {
  it.each([
    ['/unifiedconfig/config/agent/5017', '5017'],
    ['https://aw1.example.test/unifiedconfig/config/agent/5017', '5017'],
    ['http://aw1.example.test:7890/config/Agent/5017//', '5017'],
    ['/unifiedconfig/config/agent/5017?x=/agent/9', '5017'],
    ['/unifiedconfig/config/agent/5017#top', '5017'],
    ['/unifiedconfig/config/agent/5017/skills', undefined],
    ['/unifiedconfig/config/agentteam/5017', undefined],
    ['/unifiedconfig/config/agent/', undefined],
    ['/unifiedconfig/config/agent/12345678901234567890', undefined],
    ['5017', undefined],
    ['', undefined],
  ])('%s gives %s', (url, id) => {
    expect(idOfUrl(url, 'agent')).toBe(id);
  });

  it('ends in digits and nothing else', () => {
    expect(['5017', '0', '', '5 ', '-1', '5017/..', '५'].map((id) => isRecordId(id))).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
      false,
    ]);
  });
});

describe('agent team of UCCE', () => {
  const reference = (id: number) => `<refURL>https://aw1.example.test/unifiedconfig/config/agent/${id}</refURL>`;

  it('has its supervisors, the primary one too, each once', () => {
    const xml = `<agentTeam><refURL>/unifiedconfig/config/agentteam/5003</refURL><agentCount>2</agentCount><name>Billing</name>
      <description>day</description><department><name>Finance</name></department><peripheralId>5000</peripheralId><supervisorCount>2</supervisorCount>
      <agents><agent>${reference(5017)}</agent></agents><primarySupervisor>${reference(5018)}</primarySupervisor>
      <supervisors><supervisor>${reference(5017)}</supervisor><supervisor>${reference(5018)}</supervisor><supervisor/></supervisors></agentTeam>`;
    expect(decodeTeam(parseXml(xml))).toEqual({
      kind: 'team',
      team: {
        id: '5003',
        name: 'Billing',
        description: 'day',
        department: 'Finance',
        peripheral: undefined,
        peripheralId: '5000',
        supervisors: ['5017', '5018'],
        agentCount: 2,
        supervisorCount: 2,
      },
    });
  });

  it.each([
    ['<agentTeam><refURL>/config/agentteam/5003</refURL></agentTeam>', '5003', 'no name'],
    ['<agentTeam><name>Billing</name></agentTeam>', undefined, 'refURL'],
  ])('is rejected as %s', (xml, id, because) => {
    const decoding = decodeTeam(parseXml(xml));
    expect(decoding).toMatchObject({ kind: 'rejected', rejected: { because: expect.stringContaining(because) } });
    expect(decoding.kind === 'rejected' && decoding.rejected.id).toBe(id);
  });
});

describe('view of a login', () => {
  const view = (info: string) => viewOf(parseXml(`<results>${info}</results>`));
  const full = view('<permissionInfo><canUpdate>false</canUpdate><role>Administrator</role></permissionInfo>');
  const own = ucceSettings('http://127.0.0.1:1');
  const everybody = ucceSettings('http://127.0.0.1:1', { ignoreRole: true });
  const witnessed = ucceSettings('http://127.0.0.1:1', { ignoreRole: true, witnesses: ['boss'] });

  it('is everything for an administrator without a department', () => {
    expect(full).toEqual({ role: 'Administrator', departmentAdmin: 'no', mayChange: false });
    expect(narrownessOf(full, own)).toBeUndefined();
  });

  it.each(['supervisor', 'Supervisor', 'SUPERVISOR'])(
    'is narrow for the role %s unless the role is ignored and witnesses will show it',
    (role) => {
      const seen = view(`<permissionInfo><role>${role}</role></permissionInfo>`);
      expect(narrownessOf(seen, own)).toMatch(/supervisor.*own teams.*ignoreRole/u);
      expect(narrownessOf(seen, everybody)).toMatch(/heeds ignoreRole.*witnesses/u);
      expect(narrownessOf(seen, witnessed)).toBeUndefined();
    },
  );

  it.each(['SupervisorAdmin', 'AgentAdmin'])('is everything for administrators with the role %s', (role) => {
    expect(narrownessOf(view(`<permissionInfo><role>${role}</role></permissionInfo>`), own)).toBeUndefined();
  });

  it('is not known to be everything for an agent', () => {
    const seen = view('<permissionInfo><role>agent</role></permissionInfo>');
    expect(narrownessOf(seen, witnessed)).toMatch(/is an agent.*log in with/u);
  });

  it.each(['yes', '-1'])('is not known to be everything where departmentAdmin is %s', (flag) => {
    const seen = view(
      `<permissionInfo><departmentAdmin>${flag}</departmentAdmin><role>Administrator</role></permissionInfo>`,
    );
    expect(narrownessOf(seen, witnessed)).toMatch(/readably.*log in with/u);
  });

  it.each(['true', 'TRUE', '1'])('is narrow for an administrator of departments (%s), whatever is ignored', (flag) => {
    const seen = view(
      `<permissionInfo><departmentAdmin>${flag}</departmentAdmin><role>Administrator</role></permissionInfo>`,
    );
    expect(narrownessOf(seen, witnessed)).toMatch(/departments.*log in with/u);
  });

  it.each(['', '<permissionInfo/>', '<permissionInfo><departmentAdmin>false</departmentAdmin></permissionInfo>'])(
    'is not known to be everything without a role, unless witnesses will show it: %s',
    (info) => {
      expect(narrownessOf(view(info), everybody)).toMatch(/does not say with which role.*witnesses/u);
      expect(narrownessOf(view(info), witnessed)).toBeUndefined();
    },
  );

  it('differs by role and department only', () => {
    const other = view('<permissionInfo><canUpdate>true</canUpdate><role>Administrator</role></permissionInfo>');
    expect(other).toMatchObject({ mayChange: true });
    expect(isSameView(full, other)).toBe(true);
    expect(isSameView(full, 'none')).toBe(false);
    expect(isSameView(full, view('<permissionInfo><role>supervisor</role></permissionInfo>'))).toBe(false);
  });
});
