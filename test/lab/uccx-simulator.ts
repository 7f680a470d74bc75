// A simulated UCCX: the Configuration API below /adminapi, to what Cisco documents and what real answers showed, and strict about it.
// What is not known of the real one is a variant (uccx-variants.ts); how the network fails is a fault (http-faults.ts).
import { type HttpSimulator, type SimAnswer, type SimRequest, startHttpSimulator } from './http-simulator.ts';
import type { UccxData, UccxResource } from './uccx-data.ts';
import { type UccxDocument, type UccxNode, value } from './uccx-document.ts';
import { renderJson } from './uccx-render-json.ts';
import { renderXml } from './uccx-render-xml.ts';
import { UccxState } from './uccx-state.ts';
import { serves, type UccxObject, UccxView } from './uccx-view.ts';

export const uccxLogin = { user: 'svc-rosterd', password: 'Conf1g.Reader!' } as const;

export interface UccxSimulatorOptions {
  readonly data: UccxData;
  /** Administrators; `uccxLogin` unless given. */
  readonly administrators?: Readonly<Record<string, string>>;
  /** Passwords by userID of a supervisor, who sees the agents of the own teams only. */
  readonly supervisors?: Readonly<Record<string, string>>;
  /** Of every self and refURL, as a cluster does it: not the host that was asked. */
  readonly selfOrigin?: string;
  readonly tls?: 'on' | 'off';
  readonly port?: number;
  readonly host?: string;
}
export interface UccxSimulator extends HttpSimulator {
  readonly state: UccxState;
  readonly login: { readonly user: string; readonly password: string };
}

export async function startUccxSimulator(options: UccxSimulatorOptions): Promise<UccxSimulator> {
  const state = new UccxState(options.data);
  const administrators = options.administrators ?? { [uccxLogin.user]: uccxLogin.password };
  const supervisors = options.supervisors ?? {};
  const adminapi = new Adminapi(
    state,
    options.selfOrigin ?? 'https://uccx1.example.test',
    new Set(Object.keys(supervisors)),
  );
  const { tls, port, host } = options;
  const server = await startHttpSimulator({
    ...(tls === undefined ? {} : { tls }),
    ...(port === undefined ? {} : { port }),
    ...(host === undefined ? {} : { host }),
    logins: { ...supervisors, ...administrators },
    answer: (request) => adminapi.answer(request),
    refuseMethod: (request) => adminapi.refuseMethod(request),
  });
  const [user = '', password = ''] = Object.entries(administrators)[0] ?? [];
  return { ...server, state, login: { user, password } };
}

type Problem = { readonly status: number; readonly data: string; readonly message: string; readonly type: string };
const problem = (status: number, data: string, message: string, type: string): Problem => ({
  status,
  data,
  message,
  type,
});
const malformed = problem(
  400,
  'Bad Request',
  'The request could not be understood by the server due to malformed syntax',
  '400',
);
const notFound = (data: string): Problem => problem(404, data, 'No entity found for query', 'InstanceNotFound');
const noParameters: ReadonlySet<string> = new Set();
const resourceParameters: ReadonlySet<string> = new Set(['csqid', 'withCsqs', 'lastReSkillDetails', 'detail']);

class Adminapi {
  readonly #state: UccxState;
  readonly #view: UccxView;
  readonly #supervisors: ReadonlySet<string>;

  constructor(state: UccxState, origin: string, supervisors: ReadonlySet<string>) {
    this.#state = state;
    this.#view = new UccxView(state, origin);
    this.#supervisors = supervisors;
  }

  answer(request: SimRequest): SimAnswer {
    const found = this.#find(request);
    return 'root' in found ? this.#render(request, 200, found) : this.#refuse(request, found);
  }

  refuseMethod(request: SimRequest): SimAnswer {
    const refusal = this.#refuse(request, problem(405, request.method, 'Method Not Allowed', '405'));
    return { ...refusal, headers: { ...refusal.headers, allow: 'GET' } };
  }

  #find(request: SimRequest): UccxDocument | Problem {
    const [, name = '', segment] = /^\/adminapi\/([^/]+)(?:\/([^/]+))?$/.exec(request.path) ?? [];
    const known = name === 'resource' ? resourceParameters : noParameters;
    const isUnknown = [...request.query.keys()].some((key) => !known.has(key));
    switch (name) {
      case 'resource':
      case 'team':
      case 'skill':
      case 'resourceGroup':
      case 'csq':
        if (isUnknown) return malformed;
        return segment === undefined ? this.#list(name, request) : this.#item(name, segment, request);
      default:
        return problem(404, request.path, 'Not Found', 'Not Found');
    }
  }

  #list(name: UccxObject, request: SimRequest): UccxDocument | Problem {
    const found = name === 'resource' ? this.#resourceList(request) : this.#others(name);
    if (!Array.isArray(found)) return found as Problem;
    const { lists } = this.#state.variants;
    const shown = lists === 'all' ? found : found.slice(0, lists === 'one' ? 1 : 0);
    const items = shown.map(({ root, children }): UccxNode => ({ kind: 'object', name: root, children }));
    return { root: `${name}s`, listType: `${name}XMLList`, children: [{ kind: 'list', name, items }] };
  }

  #others(name: Exclude<UccxObject, 'resource'>): UccxDocument[] {
    switch (name) {
      case 'team':
        return [...this.#state.teams.values()].map((team) => this.#view.team(team, 'list'));
      case 'skill':
        return [...this.#state.skills.values()].map((skill) => this.#view.skill(skill));
      case 'resourceGroup':
        return [...this.#state.resourceGroups.values()].map((group) => this.#view.resourceGroup(group));
      case 'csq':
        return [...this.#state.csqs.values()].map((csq) => this.#view.csq(csq));
      default:
        return name satisfies never;
    }
  }

  /** What `detail=none` leaves out is not documented: here it leaves out nothing. */
  #resourceList({ query, user }: SimRequest): UccxDocument[] | Problem {
    const csqId = query.get('csqid');
    const detail = query.get('detail');
    if (detail !== null && (detail !== 'none' || query.has('withCsqs'))) return malformed;
    if (query.has('lastReSkillDetails') && csqId === null) return malformed;
    if (csqId !== null && !/^\d+$/.test(csqId)) return malformed;
    const csq = csqId === null ? undefined : this.#state.csqs.get(Number(csqId));
    if (csqId !== null && csq === undefined) return problem(404, csqId, 'No entity found for query', 'Not Found');
    const extras = {
      csqs: query.has('withCsqs') ? 'shown' : 'hidden',
      lastReSkill: query.has('lastReSkillDetails') ? 'shown' : 'hidden',
    } as const;
    return [...this.#state.resources.values()]
      .filter((resource) => this.#maySee(user, resource) && (csq === undefined || serves(resource, csq)))
      .map((resource) => this.#view.resource(resource, extras));
  }

  #item(name: UccxObject, segment: string, request: SimRequest): UccxDocument | Problem {
    const id = this.#decoded(segment);
    if (id === undefined) return malformed;
    if (name === 'resource') {
      const resource = this.#state.resources.get(id);
      if ([...request.query.keys()].some((key) => key !== 'withCsqs')) return malformed;
      if (resource === undefined || !this.#maySee(request.user, resource)) return notFound(id);
      const csqs = request.query.has('withCsqs') ? 'shown' : 'hidden';
      return this.#view.resource(resource, { csqs, lastReSkill: 'hidden' });
    }
    return this.#otherItem(name, id) ?? notFound(id);
  }

  /** By number only, never by name. */
  #otherItem(name: Exclude<UccxObject, 'resource'>, id: string): UccxDocument | undefined {
    const key = /^\d+$/.test(id) ? Number(id) : Number.NaN;
    const { teams, skills, resourceGroups, csqs } = this.#state;
    const [team, skill, group, csq] = [teams.get(key), skills.get(key), resourceGroups.get(key), csqs.get(key)];
    if (name === 'team') return team && this.#view.team(team, 'item');
    if (name === 'skill') return skill && this.#view.skill(skill);
    if (name === 'resourceGroup') return group && this.#view.resourceGroup(group);
    return csq && this.#view.csq(csq);
  }

  #decoded(segment: string): string | undefined {
    try {
      return decodeURIComponent(this.#state.variants.urls === 'plus' ? segment.replaceAll('+', '%20') : segment);
    } catch {
      return undefined;
    }
  }

  #maySee(user: string | undefined, { teamId }: UccxResource): boolean {
    if (user === undefined || !this.#supervisors.has(user)) return true;
    const { primary, secondary } = this.#state.supervisedBy(user);
    return [...primary, ...secondary].some(({ id }) => id === teamId);
  }

  #refuse(request: SimRequest, { status, data, message, type }: Problem): SimAnswer {
    const texts = [value('errorData', data), value('errorMessage', message), value('errorType', type)];
    const error: UccxNode = { kind: 'object', name: 'apiError', children: texts };
    return this.#render(request, status, {
      root: 'apiErrors',
      children: [{ kind: 'list', name: 'apiError', items: [error] }],
    });
  }

  #render({ accept }: SimRequest, status: number, document: UccxDocument): SimAnswer {
    const { variants } = this.#state;
    const format = variants.format === 'negotiated' ? negotiated(accept) : variants.format;
    const body = format === 'json' ? renderJson(document, variants) : renderXml(document, variants);
    return { status, headers: { 'content-type': `application/${format}` }, body };
  }
}

/** JSON only for an Accept that names it first; XML for everything else, also for none. */
function negotiated(accept = ''): 'xml' | 'json' {
  const [first = ''] = accept.split(',');
  return first.split(';')[0]?.trim().toLowerCase() === 'application/json' ? 'json' : 'xml';
}
