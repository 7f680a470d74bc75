// The objects of a simulated UCCX as documents, with the names and the order of elements that were observed.
import type { UccxCompetence, UccxCsq, UccxResource, UccxTeam } from './uccx-data.ts';
import { container, object, reference, type UccxDocument, type UccxNode, value } from './uccx-document.ts';
import type { UccxState } from './uccx-state.ts';

export type UccxObject = 'resource' | 'team' | 'skill' | 'resourceGroup' | 'csq';
export type ResourceExtras = { readonly csqs: 'hidden' | 'shown'; readonly lastReSkill: 'hidden' | 'shown' };

const fullName = ({ firstName, lastName }: UccxResource): string => `${firstName} ${lastName}`.trim();

export class UccxView {
  readonly #state: UccxState;
  readonly #origin: string;

  /** `origin`: of every self and refURL, whatever host was asked. */
  constructor(state: UccxState, origin: string) {
    this.#state = state;
    this.#origin = origin;
  }

  resource(resource: UccxResource, extras: ResourceExtras): UccxDocument {
    const { variants } = this.#state;
    const { userID, firstName, lastName, extension, alias, autoAvailable, type, skills } = resource;
    const children = [
      value('self', this.#url('resource', userID)),
      value('userID', userID),
      variants.firstName === 'missing' ? [] : value('firstName', variants.firstName === 'empty' ? '' : firstName),
      value('lastName', lastName),
      value('extension', extension),
      alias === undefined || variants.alias === 'missing'
        ? []
        : value('alias', variants.alias === 'empty' ? '' : alias),
      this.#resourceGroup(resource),
      container('skillMap', 'skillCompetency', this.#competences(skills)),
      value('autoAvailable', autoAvailable),
      value('type', type),
      variants.team === 'missing' ? [] : this.#teamReference('team', resource.teamId),
      this.#supervised(userID),
      extras.csqs === 'shown' ? container('csqMap', 'csq', this.#csqsOf(resource)) : [],
      extras.lastReSkill === 'shown' ? object('lastReSkillDetails', []) : [],
    ];
    return { root: 'resource', children: children.flat() };
  }

  /** A team of the list has no members; the item has. */
  team(team: UccxTeam, detail: 'list' | 'item'): UccxDocument {
    const { variants } = this.#state;
    const saysWho = variants.supervisorsSaidBy !== 'resources';
    const spelling = variants.secondarySpelling;
    const { primarySupervisor, secondarySupervisors } = team;
    const primary = saysWho && primarySupervisor !== undefined ? [primarySupervisor] : [];
    const secondary = saysWho ? secondarySupervisors.flatMap((userID) => this.#person(spelling, userID)) : [];
    const members = [...this.#state.resources.values()].filter(({ teamId }) => teamId === team.id);
    const named = [...members.map(({ userID }) => userID), ...(team.guests ?? [])];
    const people = named.flatMap((userID) => this.#person('resource', userID));
    const csqs = team.csqIds.flatMap((id) => this.#csqReference(id));
    const more = [
      people.length === 0 ? [] : container('resources', 'resource', people),
      csqs.length === 0 ? [] : container('csqs', 'csq', csqs),
      value('acdBusyOnNonAcdBusy', false),
      value('nonAcdBusyOverride', false),
    ].flat();
    const children = [
      value('self', this.#url('team', team.id)),
      value('teamId', team.id),
      value('teamname', team.name),
      primary.flatMap((userID) => this.#person('primarySupervisor', userID)),
      secondary.length === 0 ? [] : container('secondarySupervisors', spelling, secondary),
      detail === 'item' ? more : [],
    ];
    return { root: 'team', children: children.flat() };
  }

  skill({ id, name }: { readonly id: number; readonly name: string }): UccxDocument {
    return {
      root: 'skill',
      children: [value('self', this.#url('skill', id)), value('skillId', id), value('skillName', name)],
    };
  }

  resourceGroup({ id, name }: { readonly id: number; readonly name: string }): UccxDocument {
    return {
      root: 'resourceGroup',
      children: [value('self', this.#url('resourceGroup', id)), value('id', id), value('name', name)],
    };
  }

  csq({ id, name, pool }: UccxCsq): UccxDocument {
    const children = [
      value('self', this.#url('csq', id)),
      value('id', id),
      value('name', name),
      value('queueType', 'VOICE'),
      value('routingType', 'VOICE'),
      value('queueAlgorithm', 'FIFO'),
      value('autoWork', true),
      value('wrapupTime', 30),
      value('resourcePoolType', pool.kind === 'skills' ? 'SKILL_GROUP' : 'RESOURCE_GROUP'),
      value('serviceLevel', 5),
      value('serviceLevelPercentage', 70),
      object('poolSpecificInfo', [this.#pool(pool)]),
    ];
    return { root: 'csq', children };
  }

  #pool(pool: UccxCsq['pool']): UccxNode {
    const selection = value('selectionCriteria', 'Longest Available');
    if (pool.kind === 'skills') {
      const skills = this.#competences(pool.skills, [value('weight', 1)]);
      return object('skillGroup', [{ kind: 'list', name: 'skillCompetency', items: skills }, selection]);
    }
    const group = this.#state.resourceGroups.get(pool.resourceGroupId);
    const people = [...this.#state.resources.values()]
      .filter(({ resourceGroupId }) => resourceGroupId === pool.resourceGroupId)
      .flatMap(({ userID }) => this.#person('orderedResources', userID));
    const pair = reference(
      'resourceGroupNameUriPair',
      group?.name ?? '',
      this.#url('resourceGroup', pool.resourceGroupId),
    );
    return object('resourceGroup', [pair, selection, { kind: 'list', name: 'orderedResources', items: people }]);
  }

  #competences(skills: readonly UccxCompetence[], more: readonly UccxNode[] = []): UccxNode[] {
    return skills.map(({ skillId, level }) => {
      const name = this.#state.skills.get(skillId)?.name ?? '';
      const pair = reference('skillNameUriPair', name, this.#url('skill', skillId));
      return object('skillCompetency', [value('competencelevel', level), pair, ...more]);
    });
  }

  #resourceGroup({ resourceGroupId }: UccxResource): UccxNode[] {
    const group = resourceGroupId === undefined ? undefined : this.#state.resourceGroups.get(resourceGroupId);
    if (group === undefined || this.#state.variants.resourceGroup === 'missing') return [];
    return [reference('resourceGroup', group.name, this.#url('resourceGroup', group.id))];
  }

  #supervised(userID: string): UccxNode[] {
    const { variants } = this.#state;
    if (variants.supervisorContainers === 'missing') return [];
    const supervised = this.#state.supervisedBy(userID);
    const lists = [
      ['primarySupervisorOf', supervised.primary],
      ['secondarySupervisorOf', supervised.secondary],
    ] as const;
    return lists.map(([name, teams]) => {
      const said = variants.supervisorsSaidBy === 'teams' ? [] : teams;
      return container(
        name,
        'supervisorOfTeamName',
        said.flatMap(({ id }) => this.#teamReference('supervisorOfTeamName', id)),
      );
    });
  }

  #csqsOf(resource: UccxResource): UccxNode[] {
    return [...this.#state.csqs.values()]
      .filter((csq) => serves(resource, csq))
      .map(({ name }) => reference('csq', name));
  }

  #csqReference(id: number): UccxNode[] {
    const csq = this.#state.csqs.get(id);
    return csq === undefined ? [] : [reference('csq', csq.name, this.#url('csq', id))];
  }

  #teamReference(element: string, id: number): UccxNode[] {
    const team = this.#state.teams.get(id);
    return team === undefined ? [] : [reference(element, team.name, this.#url('team', id))];
  }

  #person(element: string, userID: string): UccxNode[] {
    const resource = this.#state.resources.get(userID);
    return resource === undefined ? [] : [reference(element, fullName(resource), this.#url('resource', userID))];
  }

  #url(name: UccxObject, id: string | number): string {
    const { urls } = this.#state.variants;
    const percent = encodeURIComponent(id);
    const segment = urls === 'raw' ? String(id) : urls === 'plus' ? percent.replaceAll('%20', '+') : percent;
    return `${this.#origin}/adminapi/${name}/${segment}`;
  }
}

/** Whether a resource takes contacts of a CSQ. */
export function serves(resource: UccxResource, { pool }: UccxCsq): boolean {
  if (pool.kind === 'group') return resource.resourceGroupId === pool.resourceGroupId;
  return pool.skills.every(({ skillId, level }) =>
    resource.skills.some((skill) => skill.skillId === skillId && skill.level >= level),
  );
}
