// One page of a list (cisco-apis 2.2, paging): zero-based, and beyond the end the last results again, never an empty page.
// The rows that a question finds are kept until a row changes: a page costs its own items.
import { type Field, type Fields, fields } from './ucce-document.ts';
import { elementNames, showItem } from './ucce-items.ts';
import { isProblem, type Problem } from './ucce-problem.ts';
import { type ListQuery, parseSearch, searchFields } from './ucce-query.ts';
import type { UcceState } from './ucce-state.ts';
import type { UcceType } from './ucce-variants.ts';
import { type Scope, type UcceRow, visibleRows } from './ucce-view.ts';

export interface Page {
  readonly content: Fields;
  readonly startIndex: number;
}

const fold = (value: string | number | boolean | undefined): string => String(value ?? '').toLowerCase();

function inDepartments(state: UcceState, names: readonly string[]): (row: UcceRow) => boolean {
  return (row) => {
    const id = 'departmentId' in row ? row.departmentId : undefined;
    return id !== undefined && names.includes(fold(state.departments.get(id)?.name));
  };
}

function search(state: UcceState, type: UcceType, rows: readonly UcceRow[], q: string): readonly UcceRow[] | Problem {
  const terms = parseSearch(q);
  if (isProblem(terms)) return terms;
  const wanted = fold(terms.text);
  const found = rows.filter((row) => searchFields(type).some((field) => fold(field(row, state)).includes(wanted)));
  return terms.departments === undefined ? found : found.filter(inDepartments(state, terms.departments));
}

type Ties = 'rising' | 'falling';

/** By the folded text, missing values first, equal ones by id; teams by name and everything else by id unless asked. */
function ordered(
  state: UcceState,
  type: UcceType,
  rows: readonly UcceRow[],
  { sort }: ListQuery,
  ties: Ties,
): readonly UcceRow[] {
  const usual = type === 'agentteam' ? (row: UcceRow) => ('name' in row ? row.name : '') : () => '';
  const by = sort?.by ?? usual;
  const sign = sort?.direction === 'desc' ? -1 : 1;
  const tie = ties === 'rising' ? 1 : -1;
  const keyed = rows.map((row) => ({ row, key: fold(by(row, state)) }));
  keyed.sort((a, b) => (a.key === b.key ? tie * (a.row.id - b.row.id) : sign * (a.key < b.key ? -1 : 1)));
  return keyed.map(({ row }) => row);
}

function findRows(state: UcceState, scope: Scope, type: UcceType, query: ListQuery): readonly UcceRow[] | Problem {
  const isSecondPage = Math.floor(query.startIndex / query.resultsPerPage) % 2 === 1;
  const ties: Ties = state.variants.ties === 'unstable' && isSecondPage ? 'falling' : 'rising';
  const asked = `${query.sort?.term ?? ''}\n${query.q ?? ''}`;
  return state.derived(`list ${type} ${scope.login.user} ${scope.ignoreRole} ${ties} ${asked}`, () => {
    const visible = visibleRows(state, scope, type);
    const found = query.q === undefined ? visible : search(state, type, visible, query.q);
    return isProblem(found) ? found : ordered(state, type, found, query, ties);
  });
}

/** Index of the first row of the page that is shown, and of the page that lastPage leads to. */
function place(state: UcceState, { startIndex, resultsPerPage }: ListQuery, total: number): readonly [number, number] {
  const last = total === 0 ? 0 : Math.floor((total - 1) / resultsPerPage) * resultsPerPage;
  if (startIndex < total) return [startIndex, last];
  return [state.variants.beyondTheEnd === 'last-link' ? last : Math.max(0, total - resultsPerPage), last];
}

function pageInfo(
  state: UcceState,
  type: UcceType,
  query: ListQuery,
  asked: URLSearchParams,
  [start, last]: readonly [number, number],
  total: number,
): Fields {
  const { variants } = state;
  const size = query.resultsPerPage;
  const kept = [...asked].filter(([key]) => key !== 'startIndex' && key !== 'resultsPerPage');
  const rest = kept.map(([key, value]) => `&${key}=${encodeURIComponent(value)}`).join('');
  const link = (index: number): string =>
    `${variants.linkOrigin}/unifiedconfig/config/${type}?${index === 0 ? '' : `startIndex=${index}&`}resultsPerPage=${size}${rest}`;
  const dead = variants.deadLink === 'empty' ? '' : undefined;
  const next = start + size < total && variants.nextPage === 'shown' ? link(start + size) : dead;
  return fields(
    ['firstPage', link(0)],
    ['lastPage', link(last)],
    ['nextPage', next],
    ['prevPage', start > 0 ? link(Math.max(0, start - size)) : dead],
    ['resultsPerPage', size],
    ['searchTerm', query.q],
    ['sortTerm', query.sort?.term],
    ['startIndex', start],
    ['totalResults', variants.totalResults(total)],
  );
}

function permissionInfo(state: UcceState, { login }: Scope, type: UcceType): Field {
  if (state.variants.typesWithoutWrites.includes(type)) return ['permissionInfo', undefined];
  const canWrite = login.role === 'administrator' && login.readOnly !== true;
  return [
    'permissionInfo',
    fields(
      ['canCreate', canWrite],
      ['canDelete', canWrite],
      ['canUpdate', canWrite],
      ['departmentAdmin', login.role === 'administrator' && login.departments !== undefined],
      ['role', login.role === 'supervisor' ? 'supervisor' : 'Administrator'],
    ),
  ];
}

export function listPage(
  state: UcceState,
  scope: Scope,
  type: UcceType,
  query: ListQuery,
  asked: URLSearchParams,
): Page | Problem {
  const rows = findRows(state, scope, type, query);
  if (isProblem(rows)) return rows;
  const at = place(state, query, rows.length);
  const shown = rows.slice(at[0], at[0] + query.resultsPerPage);
  const { wrapper, item } = elementNames[type];
  const view = { state, scope, detail: query.detail };
  const content = fields(
    ['pageInfo', pageInfo(state, type, query, asked, at, rows.length)],
    permissionInfo(state, scope, type),
    [wrapper, { item, items: shown.map((row) => showItem(view, type, row)) }],
  );
  return { content, startIndex: at[0] };
}
