// What a list request asks for (cisco-apis 2.2): each parameter is read to the letter, and one that the documentation does not
// know is refused, so that a typo of a client is seen.
import type { UcceAgent } from './ucce-data.ts';
import type { Detail } from './ucce-items.ts';
import { badParameter, outOfRange, type Problem } from './ucce-problem.ts';
import type { UcceState } from './ucce-state.ts';
import type { UcceType } from './ucce-variants.ts';
import type { UcceRow } from './ucce-view.ts';

type TextOf = (row: UcceRow, state: UcceState) => string | number | boolean | undefined;
export interface ListQuery {
  readonly startIndex: number;
  readonly resultsPerPage: number;
  readonly q?: string;
  readonly sort?: { readonly term: string; readonly by: TextOf; readonly direction: 'asc' | 'desc' };
  readonly detail: Detail;
  readonly ignoreRole: boolean;
}

const everywhere = ['startIndex', 'resultsPerPage', 'q', 'sort', 'summary'];
const onlyOf: Readonly<Partial<Record<UcceType, readonly string[]>>> = {
  agent: ['ignoreRole', 'selectedAttribute', 'selectedSkillGroup'],
  skillgroup: ['selectedAgentCount'],
};

const agent =
  (textOf: (row: UcceAgent, state: UcceState) => ReturnType<TextOf>): TextOf =>
  (row, state) =>
    textOf(row as UcceAgent, state);
const name: TextOf = (row) => ('name' in row ? row.name : undefined);
const description: TextOf = (row) => row.description;
const named: Readonly<Record<string, TextOf>> = { name, description };

const agentFields: Readonly<Record<string, TextOf>> = {
  agentId: agent(({ agentId }) => agentId),
  description,
  'person.firstName': agent(({ person }) => person.firstName),
  'person.lastName': agent(({ person }) => person.lastName),
  'person.userName': agent(({ person }) => person.userName),
};

/** The fields that `q` looks into. */
export const searchFields = (type: UcceType): readonly TextOf[] =>
  Object.values(type === 'agent' ? agentFields : named);

/** The names that `sort` takes. */
export const sortFields: Readonly<Record<UcceType, Readonly<Record<string, TextOf>>>> = {
  agent: {
    ...agentFields,
    supervisor: agent(({ supervisor }) => supervisor),
    agentStateTrace: () => false,
    'agentTeam.name': agent(({ teamId }, { teams }) => (teamId === undefined ? undefined : teams.get(teamId)?.name)),
    'person.loginEnabled': agent(({ person }) => person.loginEnabled),
    'person.ssoEnabled': agent(({ person }) => person.ssoEnabled),
    'datacenter.name': () => undefined,
  },
  agentteam: { ...named, 'datacenter.name': () => undefined },
  skillgroup: named,
  attribute: named,
  department: named,
};

function wholeNumber(text: string | null, usual: number): number {
  if (text === null) return usual;
  return /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
}

function parseSort(type: UcceType, term: string): ListQuery['sort'] | Problem {
  const [field = '', direction = 'asc', ...more] = term.split(' ');
  const by = Object.hasOwn(sortFields[type], field) ? sortFields[type][field] : undefined;
  if (by === undefined || more.length > 0) return badParameter('sort', `It is not possible to sort by ${term}.`);
  if (direction !== 'asc' && direction !== 'desc') return badParameter('sort', 'The order must be asc or desc.');
  return { term, by, direction };
}

export function parseListQuery(type: UcceType, query: URLSearchParams, state: UcceState): ListQuery | Problem {
  const known = [...everywhere, ...(onlyOf[type] ?? [])];
  for (const key of query.keys()) {
    if (!known.includes(key)) return badParameter(key, 'This parameter is not known.');
    if (query.getAll(key).length > 1) return badParameter(key, 'This parameter is given twice.');
  }
  for (const key of ['summary', 'ignoreRole']) {
    if (!['true', 'false'].includes(query.get(key) ?? 'false')) return badParameter(key, 'It must be true or false.');
  }
  const startIndex = wholeNumber(query.get('startIndex'), 0);
  if (Number.isNaN(startIndex)) return outOfRange('startIndex', 0, undefined);
  const asked = wholeNumber(query.get('resultsPerPage'), 25);
  const isOversized = asked > 100 && state.variants.oversizedPage === 'refuse';
  if (Number.isNaN(asked) || asked < 1 || isOversized) return outOfRange('resultsPerPage', 1, 100);
  const term = query.get('sort');
  const sort = term === null ? undefined : parseSort(type, term);
  if (sort !== undefined && 'errorMessage' in sort) return sort;
  const q = query.get('q') ?? '';
  const isShort = query.get('summary') === 'true' || [...query.keys()].some((key) => key.startsWith('selected'));
  return {
    startIndex,
    resultsPerPage: Math.min(asked, 100),
    detail: isShort ? 'summary' : 'full',
    ignoreRole: query.get('ignoreRole') === 'true',
    ...(q === '' ? {} : { q }),
    ...(sort === undefined ? {} : { sort }),
  };
}

/** The advanced term that a public client uses; the syntax of the others is not known, so they are refused. */
const departmentsTerm = /(?:^|\s)departments:\(([^()]*)\)/;

export function parseSearch(q: string): { readonly text: string; readonly departments?: readonly string[] } | Problem {
  const found = departmentsTerm.exec(q);
  const text = q.replace(departmentsTerm, ' ').trim();
  if (/(?:^|\s)[A-Za-z]+:/.test(text)) return badParameter('q', 'This search term is not known.');
  if (found === null) return { text };
  const departments = (found[1] ?? '').split('|').map((one) => one.trim().toLowerCase());
  return { text, departments };
}
