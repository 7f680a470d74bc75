// How one agent, team, skill group, attribute or department is shown (cisco-apis 2.3, 2.4). The order is that of Cisco's
// beans: refURL, changeStamp, the fields of the summary by name, then those of the full item. A password is never shown.
import type { UcceAgent, UcceAttribute, UcceDepartment, UcceSkillGroup, UcceTeam } from './ucce-data.ts';
import { type Collection, type Field, type Fields, fields } from './ucce-document.ts';
import type { UcceState } from './ucce-state.ts';
import type { UcceType } from './ucce-variants.ts';
import { isSeen, membersOf, type Scope, type UcceRow } from './ucce-view.ts';

export type Detail = 'full' | 'summary';
type View = { readonly state: UcceState; readonly scope: Scope; readonly detail: Detail };

/** Names of a type in a list: the wrapper, which is also the name of the part of `results`, and the item. */
export const elementNames: Readonly<Record<UcceType, { readonly wrapper: string; readonly item: string }>> = {
  agent: { wrapper: 'agents', item: 'agent' },
  agentteam: { wrapper: 'agentTeams', item: 'agentTeam' },
  skillgroup: { wrapper: 'skillGroups', item: 'skillGroup' },
  attribute: { wrapper: 'attributes', item: 'attribute' },
  department: { wrapper: 'departments', item: 'department' },
};

const refUrl = (state: UcceState, type: string, id: number): Field => [
  'refURL',
  `${state.variants.refUrlOrigin}/unifiedconfig/config/${type}/${id}${state.variants.refUrlSuffix}`,
];

function reference(state: UcceState, type: string, row: { id: number; name: string } | undefined): Fields | undefined {
  return row && fields(refUrl(state, type, row.id), ['name', row.name]);
}

const collection = (item: string, items: readonly (Fields | undefined)[]): Collection => ({
  item,
  items: items.filter((one) => one !== undefined),
});

function department({ state }: View, id: number | undefined): Field {
  const row = id === undefined ? undefined : state.departments.get(id);
  return ['department', row?.deleted ? undefined : reference(state, 'department', row)];
}

function peripheral({ state }: View, id: number): Field {
  return ['peripheral', fields(['id', id], ['name', state.peripherals.get(id)?.name])];
}

function skillGroup({ state }: View, id: number | undefined): Fields | undefined {
  const row = id === undefined ? undefined : state.skillGroups.get(id);
  return row?.deleted ? undefined : reference(state, 'skillgroup', row);
}

/** Whether the domain of a supervisor's login is named apart. */
function splitLogin({ state }: View, { supervisor, person }: UcceAgent): readonly [string, string] | undefined {
  if (!supervisor || state.variants.supervisorLogin === 'user@domain') return undefined;
  const [user = '', domain] = person.userName?.split('@') ?? [];
  return domain === undefined ? undefined : [user, domain];
}

function person(view: View, agent: UcceAgent): Field {
  const { emailAddress, firstName, lastName, loginEnabled, ssoEnabled, userName } = agent.person;
  const asDigit = view.state.variants.ssoEnabled === 'digit';
  return [
    'person',
    fields(
      ['emailAddress', emailAddress],
      ['firstName', firstName],
      ['lastName', lastName],
      ['loginEnabled', loginEnabled],
      ['ssoEnabled', asDigit && ssoEnabled !== undefined ? Number(ssoEnabled) : ssoEnabled],
      ['userName', splitLogin(view, agent)?.[0] ?? userName],
    ),
  ];
}

function agentAttributes({ state }: View, agent: UcceAgent): Collection {
  const shown = agent.attributes.map(({ id, value, description }) => {
    const row = state.attributes.get(id);
    if (row === undefined) return undefined;
    const attribute = fields(
      refUrl(state, 'attribute', id),
      ['name', row.name],
      ['dataType', dataType(row)],
      ['description', row.description],
    );
    return fields(['attribute', attribute], ['attributeValue', value], ['description', description]);
  });
  return collection('agentAttribute', shown);
}

const dataType = ({ kind }: UcceAttribute): number => (kind === 'boolean' ? 3 : 4);

function showAgent(view: View, agent: UcceAgent): Fields {
  const { state } = view;
  const teamReference = (id: number | undefined): Fields | undefined =>
    reference(state, 'agentteam', id === undefined ? undefined : state.teams.get(id));
  const base: readonly Field[] = [
    refUrl(state, 'agent', agent.id),
    ['changeStamp', agent.changeStamp],
    ['agentId', agent.agentId],
    ['agentStateTrace', false],
    ['agentTeam', teamReference(agent.teamId)],
    department(view, agent.departmentId),
    ['description', agent.description],
    peripheral(view, agent.peripheralId),
    person(view, agent),
    ['supervisor', agent.supervisor],
  ];
  if (view.detail === 'summary') return { fields: base, type: 'agentSummary' };
  const apart = splitLogin(view, agent);
  const rest: readonly Field[] = [
    ['agentAttributes', agentAttributes(view, agent)],
    ['agentDeskSettings', reference(state, 'agentdesksetting', agent.deskSettings)],
    ['defaultSkillGroup', skillGroup(view, agent.defaultSkillGroupId)],
    [
      'skillGroups',
      collection(
        'skillGroup',
        agent.skillGroupIds.map((id) => skillGroup(view, id)),
      ),
    ],
    ['supervisorTeams', collection('supervisorTeam', agent.supervisorTeamIds.map(teamReference))],
    ['supervisorUserInfo', apart && fields(['domainName', apart[1]], ['userName', apart[0]])],
  ];
  return { fields: [...base, ...rest], type: 'agent' };
}

/** How an agent is named inside a team or skill group: without `name`, unlike every other reference. */
function agentReference({ state }: View, agent: UcceAgent): Fields {
  const { firstName, lastName, userName } = agent.person;
  return fields(
    refUrl(state, 'agent', agent.id),
    ['agentId', agent.agentId],
    ['firstName', firstName],
    ['lastName', lastName],
    ['userName', userName],
  );
}

function agentList(view: View, item: string, agents: readonly UcceAgent[]): Collection {
  const seen = agents.filter(isSeen(view.state, view.scope));
  return collection(
    item,
    seen.map((agent) => agentReference(view, agent)),
  );
}

/** The counts are of everybody, the lists of those that the login may see. */
function showTeam(view: View, team: UcceTeam): Fields {
  const { state } = view;
  const { ofTeam, supervisorsOfTeam } = membersOf(state);
  const members = ofTeam.get(team.id) ?? [];
  const supervisors = supervisorsOfTeam.get(team.id) ?? [];
  const base: readonly Field[] = [
    refUrl(state, 'agentteam', team.id),
    ['changeStamp', team.changeStamp],
    ['agentCount', members.length],
    department(view, team.departmentId),
    ['description', team.description],
    ['name', team.name],
    peripheral(view, team.peripheralId),
    ['peripheralId', team.peripheralId],
    ['supervisorCount', supervisors.length],
  ];
  if (view.detail === 'summary') return { fields: base };
  const primary = team.primarySupervisorId === undefined ? undefined : state.agents.get(team.primarySupervisorId);
  return fields(
    ...base,
    ['agents', agentList(view, 'agent', members)],
    ['primarySupervisor', primary && agentReference(view, primary)],
    ['supervisors', agentList(view, 'supervisor', supervisors)],
  );
}

function showSkillGroup(view: View, row: UcceSkillGroup): Fields {
  const agents = membersOf(view.state).ofSkillGroup.get(row.id) ?? [];
  const base: readonly Field[] = [
    refUrl(view.state, 'skillgroup', row.id),
    ['changeStamp', row.changeStamp],
    ['agentCount', agents.length],
    department(view, row.departmentId),
    ['description', row.description],
    ['name', row.name],
    peripheral(view, row.peripheralId),
    ['peripheralNumber', row.peripheralNumber],
  ];
  if (view.detail === 'summary') return { fields: base, type: 'skillGroupSummary' };
  return { fields: [...base, ['agents', agentList(view, 'agent', agents)]], type: 'skillGroup' };
}

function showAttribute(view: View, row: UcceAttribute): Fields {
  return fields(
    refUrl(view.state, 'attribute', row.id),
    ['changeStamp', row.changeStamp],
    ['dataType', dataType(row)],
    department(view, row.departmentId),
    ['description', row.description],
    ['name', row.name],
  );
}

function showDepartment({ state }: View, row: UcceDepartment): Fields {
  return fields(
    refUrl(state, 'department', row.id),
    ['changeStamp', row.changeStamp],
    ['description', row.description],
    ['name', row.name],
  );
}

export function showItem(view: View, type: UcceType, row: UcceRow): Fields {
  const show = {
    agent: showAgent,
    agentteam: showTeam,
    skillgroup: showSkillGroup,
    attribute: showAttribute,
    department: showDepartment,
  } as Readonly<Record<UcceType, (view: View, row: UcceRow) => Fields>>;
  return show[type](view, row);
}
