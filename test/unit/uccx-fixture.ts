// Answers of UCCX written by hand, and a connector on a server that gives them.
import type { HttpAnswer } from '../../connectors/http-source.ts';
import type { WantedAttributes } from '../../connectors/registry.ts';
import { uccx } from '../../connectors/uccx/index.ts';
import type { Connector } from '../../src/connector.ts';
import { type ScriptedServer, scriptedHttp } from './scripted-http.ts';

export const answer = (text: string, status = 200): HttpAnswer => ({ status, contentType: '', text });

export const host = 'https://uccx1.example.test';

export interface ResourceDraft {
  readonly userID?: string;
  /** Path segment in self; the encoded userID unless given. */
  readonly segment?: string;
  readonly type?: string | undefined;
  /** A whole element. */
  readonly team?: string;
  readonly inner?: string;
  readonly supervises?: string;
}

export const teamReference = (id: number, name = `Team ${id}`): string =>
  `<team name="${name}"><refURL>${host}/adminapi/team/${id}</refURL></team>`;

export const supervises = (id: number, name = `Team ${id}`): string =>
  `<supervisorOfTeamName name="${name}"><refURL>${host}/adminapi/team/${id}</refURL></supervisorOfTeamName>`;

export function resource(draft: ResourceDraft): string {
  const { userID, type = '1', team = teamReference(1), inner = '', supervises: primary = '' } = draft;
  const segment = draft.segment ?? encodeURIComponent(userID ?? 'x');
  return `<resource><self>${host}/adminapi/resource/${segment}</self>${userID === undefined ? '' : `<userID>${userID}</userID>`}<lastName>L</lastName><extension>1</extension>${inner}<type>${type}</type>${team}<primarySupervisorOf>${primary}</primarySupervisorOf><secondarySupervisorOf/></resource>`;
}

export interface TeamDraft {
  readonly id: number;
  readonly primary?: string;
  readonly secondary?: readonly string[];
  readonly name?: string;
}

const personReference = (element: string, segment: string): string =>
  `<${element} name="Ana Lindqvist"><refURL>${host}/adminapi/resource/${segment}</refURL></${element}>`;

export function team({ id, primary, secondary = [], name = `Team ${id}` }: TeamDraft): string {
  const first = primary === undefined ? '' : personReference('primarySupervisor', primary);
  const others = secondary.map((segment) => personReference('secondrySupervisor', segment)).join('');
  return `<team><self>${host}/adminapi/team/${id}</self><teamId>${id}</teamId><teamname>${name}</teamname>${first}<secondarySupervisors>${others}</secondarySupervisors></team>`;
}

export const resourceList = (...items: readonly string[]): string => `<resources>${items.join('')}</resources>`;
export const teamList = (...items: readonly string[]): string => `<teams>${items.join('')}</teams>`;

/** Status and body by path; 404 in the words of UCCX for all else. */
export type Answers = Readonly<Record<string, string | readonly [status: number, body: string]>>;

export const notFound =
  '<apiErrors><apiError><errorData>x</errorData><errorMessage>No entity found for query</errorMessage><errorType>InstanceNotFound</errorType></apiError></apiErrors>';

export async function serveUccx(answers: Answers): Promise<ScriptedServer> {
  return scriptedHttp((request, response) => {
    const found = answers[request.url ?? ''] ?? [404, notFound];
    const [status, body] = typeof found === 'string' ? [200, found] : found;
    response.writeHead(status, { 'Content-Type': 'application/xml' }).end(body);
  });
}

export function uccxOn(
  server: ScriptedServer,
  change: object = {},
  wanted: WantedAttributes = { account: [] },
): Connector {
  const settings = uccx.settingsSchema.parse({
    connection: {
      servers: [server.url],
      tls: { mode: 'off' },
      login: { user: 'svc', password: 'secret' },
      timeouts: { connectMs: 1_000, requestMs: 1_000, idleMs: 1_000 },
    },
    ...change,
  });
  return uccx.create(settings, wanted);
}
