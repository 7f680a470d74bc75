// What a UCCE answers to one request, worked out from its state alone (cisco-apis 2.1, 2.2, 2.6): GET only, a login with its
// domain, XML unless JSON is asked for first, the documented types in lower case.
import type { SimAnswer, SimRequest } from './http-simulator.ts';
import { writeJson, writeXml } from './ucce-document.ts';
import { elementNames, showItem } from './ucce-items.ts';
import { listPage } from './ucce-list.ts';
import { badParameter, isProblem, type Problem, problemBody, unknownId } from './ucce-problem.ts';
import { parseListQuery } from './ucce-query.ts';
import type { UcceLogin, UcceState } from './ucce-state.ts';
import { type UcceType, ucceTypes } from './ucce-variants.ts';
import { findRow, type Scope } from './ucce-view.ts';

type Format = 'xml' | 'json';
type Shown = { readonly body: string; readonly startIndex?: number };

const root = '/unifiedconfig/config/';
const contentTypes = { xml: 'application/xml', json: 'application/json' } as const;
const refusal = (status: number, errorMessage: string): Problem => ({ status, errorMessage });

/** The format that is asked for first, as JAX-RS weighs it; anything goes as XML. Undefined: neither will do. */
function negotiate(accept: string | undefined, canJson: boolean): Format | undefined {
  const ranges = (accept?.trim() ? accept : '*/*').split(',').map((range, index) => {
    const [media = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
    return { media, index, weight: weight === undefined ? 1 : Number(weight) };
  });
  ranges.sort((a, b) => b.weight - a.weight || a.index - b.index);
  for (const { media, weight } of ranges) {
    if (weight === 0) continue;
    if (media === contentTypes.json && canJson) return 'json';
    if ([contentTypes.xml, 'application/*', '*/*'].includes(media)) return 'xml';
  }
  return undefined;
}

/** The frame has seen the password; a login without its domain is not taken even so. */
function signIn(state: UcceState, { user }: SimRequest): UcceLogin | undefined {
  return user?.includes('@') ? state.logins.get(user.toLowerCase()) : undefined;
}

/** A type and perhaps an id; what is not written exactly so is not there. */
function parsePath(path: string, state: UcceState): { readonly type: UcceType; readonly id?: string } | undefined {
  if (!path.startsWith(root)) return undefined;
  const [segment, id, ...more] = path.slice(root.length).split('/');
  const type = ucceTypes.find((one) => one === segment);
  if (type === undefined || more.length > 0 || state.variants.absentTypes.includes(type)) return undefined;
  return id === undefined ? { type } : { type, id };
}

function showOne(
  state: UcceState,
  scope: Scope,
  type: UcceType,
  id: string,
  query: URLSearchParams,
  format: Format,
): Shown | Problem {
  const [parameter] = query.keys();
  if (parameter !== undefined) return badParameter(parameter, 'This parameter is not known.');
  const row = /^\d{1,9}$/.test(id) ? findRow(state, scope, type, Number(id)) : undefined;
  if (row === 'hidden' && state.variants.hiddenItem === 403) return refusal(403, 'You may not see this item.');
  if (row === undefined || row === 'hidden') return unknownId;
  const content = showItem({ state, scope, detail: 'full' }, type, row);
  if (format === 'json') return { body: writeJson(content, state.variants) };
  return { body: writeXml(elementNames[type].item, content, state.variants) };
}

function showList(
  state: UcceState,
  login: UcceLogin,
  type: UcceType,
  asked: URLSearchParams,
  format: Format,
): Shown | Problem {
  const query = parseListQuery(type, asked, state);
  if (isProblem(query)) return query;
  const page = listPage(state, { login, ignoreRole: query.ignoreRole }, type, query, asked);
  if (isProblem(page)) return page;
  const { content, startIndex } = page;
  const body = format === 'json' ? writeJson(content, state.variants) : writeXml('results', content, state.variants);
  return { body, startIndex };
}

function show(state: UcceState, request: SimRequest, login: UcceLogin, format: Format | undefined): Shown | Problem {
  const { variants } = state;
  if (request.method !== 'GET') return refusal(405, 'Only GET is allowed.');
  if (login.role === 'agent') return refusal(403, 'Agents have no access.');
  const asked = parsePath(request.path, state);
  if (asked === undefined) return refusal(404, 'There is nothing here.');
  if (format === undefined) return refusal(406, 'Only XML can be written.');
  const { type, id } = asked;
  if (type === 'agentteam' && login.role === 'administrator' && variants.administratorTeams !== 'allowed')
    return refusal(variants.administratorTeams, 'Agent teams are not available for administrators.');
  if (id === undefined) return showList(state, login, type, request.query, format);
  return showOne(state, { login, ignoreRole: false }, type, id, request.query, format);
}

export function answerUcce(state: UcceState, request: SimRequest): SimAnswer {
  const format = negotiate(request.accept, state.variants.json === 'answered');
  const login = signIn(state, request);
  const shown = login === undefined ? refusal(401, 'Sign in as user@domain.') : show(state, request, login, format);
  if (isProblem(shown)) {
    const { contentType, body } = problemBody(shown, format ?? 'xml', state.variants);
    const headers = {
      ...(contentType === undefined ? {} : { 'content-type': contentType }),
      ...(shown.status === 401 ? { 'www-authenticate': 'Basic realm="Unified CCE"' } : {}),
      ...(shown.status === 405 ? { allow: 'GET' } : {}),
    };
    return { status: shown.status, headers, body };
  }
  const answer = { status: 200, headers: { 'content-type': contentTypes[format ?? 'xml'] }, body: shown.body };
  if (shown.startIndex !== undefined)
    state.afterPage?.({ type: request.path.slice(root.length), startIndex: shown.startIndex });
  return answer;
}
