// A UCCE whose answers a test writes by hand, and the connector that asks it.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ucce } from '../../connectors/ucce/index.ts';
import type { UcceSettings } from '../../connectors/ucce/settings.ts';
import type { Connector } from '../../src/connector.ts';
import { accountsOf, collect } from '../contract/connector-contract.ts';
import { type ScriptedServer, scriptedHttp } from './scripted-http.ts';

export const ucceSettings = (url: string, change: object = {}): UcceSettings =>
  ucce.settingsSchema.parse({
    connection: {
      servers: [url],
      tls: { mode: 'off' },
      login: { user: 'svc@corp.example.test', password: 'secret of the test' },
      timeouts: { connectMs: 1_000, requestMs: 1_000, idleMs: 500 },
    },
    ...change,
  });

export const ucceConnector = (url: string, change: object = {}, account: readonly string[] = ['username']): Connector =>
  ucce.create(ucceSettings(url, change), { account });

export interface Asked {
  readonly path: string;
  readonly query: URLSearchParams;
}

/** An XML text, a status, or both; `undefined`: 404 without a body. */
export type Scripted = string | { readonly status: number; readonly body?: string; readonly type?: string } | undefined;

export function scriptedUcce(answer: (asked: Asked) => Scripted): Promise<ScriptedServer> {
  return scriptedHttp((request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? '/', 'http://x');
    const given = answer({ path: url.pathname.replace('/unifiedconfig/config/', ''), query: url.searchParams });
    const {
      status,
      body = '',
      type = 'application/xml',
    } = typeof given === 'string' ? { status: 200, body: given } : (given ?? { status: 404 });
    response.writeHead(status, body === '' ? {} : { 'content-type': type }).end(body);
  });
}

export const administrator =
  '<permissionInfo><departmentAdmin>false</departmentAdmin><role>Administrator</role></permissionInfo>';

export interface PageXml {
  readonly total: number;
  readonly start: number;
  readonly size?: number;
  readonly permission?: string;
}

export const pageXml = (kind: 'agents' | 'agentTeams', items: readonly string[], page: PageXml): string =>
  `<?xml version="1.0" encoding="UTF-8" standalone="yes"?><results><pageInfo><resultsPerPage>${page.size ?? 100}</resultsPerPage><startIndex>${page.start}</startIndex><totalResults>${page.total}</totalResults></pageInfo>${page.permission ?? administrator}<${kind}>${items.join('')}</${kind}></results>`;

export const agentXml = (id: number, more = ''): string =>
  `<agent><refURL>/unifiedconfig/config/agent/${id}</refURL><agentId>${id}</agentId><person><loginEnabled>true</loginEnabled><userName>u${id}@corp.example.test</userName></person>${more}</agent>`;

export const teamReference = (id: number, name = `Team ${id}`): string =>
  `<refURL>/unifiedconfig/config/agentteam/${id}</refURL><name>${name}</name>`;

/** The list of these agents, a page at a time, as the documentation has it. */
export const agentPage = (ids: readonly number[], { query }: Asked, page: Partial<PageXml> = {}): string => {
  const start = Number(query.get('startIndex'));
  const size = page.size ?? Number(query.get('resultsPerPage'));
  return pageXml(
    'agents',
    ids.slice(start, start + size).map((id) => agentXml(id)),
    { total: ids.length, start, ...page, size },
  );
};

export const noTeams = pageXml('agentTeams', [], { total: 0, start: 0 });

export const numbers = (count: number, from = 1): number[] => Array.from({ length: count }, (_, index) => from + index);

/** Who came, in their order, and how the read ended. */
export async function idsOf(
  connector: Connector,
): Promise<{ readonly ids: string[]; readonly outcome: string; readonly because: string }> {
  const read = await collect(connector);
  const { outcome } = read;
  return {
    ids: accountsOf(read).map(({ id }) => id),
    outcome: outcome.kind,
    because: outcome.kind === 'complete' ? '' : outcome.because,
  };
}
