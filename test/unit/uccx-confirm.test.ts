// Questions to UCCX about single records: what is taken for proof that one has gone, and what is not.
import { afterEach, describe, expect, it } from 'vitest';
import type { Confirmation, RecordKind } from '../../src/connector.ts';
import { RosterdError } from '../../src/model/errors.ts';
import { asExternalId } from '../../src/model/ids.ts';
import { type ScriptedServer, scriptedHttp } from './scripted-http.ts';
import { type Answers, notFound, resource, resourceList, serveUccx, team, teamList, uccxOn } from './uccx-fixture.ts';

const servers: ScriptedServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

async function ask(
  answers: Answers,
  ids: readonly string[],
  kind: RecordKind = 'account',
): Promise<{ readonly server: ScriptedServer; readonly answers: ReadonlyMap<string, Confirmation> }> {
  const server = await serveUccx(answers);
  servers.push(server);
  const found = await uccxOn(server).confirm(kind, ids.map(asExternalId), new AbortController().signal);
  return { server, answers: found };
}

const others = { '/adminapi/resource': resourceList(resource({ userID: 'other' })) };
const path = '/adminapi/resource/mira';

describe('question to UCCX by id', () => {
  it('calls a resource present that is listed, whatever its case, and asks no further', async () => {
    const listed = { '/adminapi/resource': resourceList(resource({ userID: 'Mira' })) };
    const { answers, server } = await ask(listed, ['mira']);
    expect(answers.get('mira')).toEqual({ kind: 'present' });
    expect(server.requests.map(({ url }) => url)).toEqual(['/adminapi/resource']);
  });

  it('calls a resource absent that UCCX does not list and says it does not find', async () => {
    const { answers } = await ask(others, ['mira']);
    expect(answers.get('mira')).toEqual({
      kind: 'absent',
      evidence:
        'UCCX answered GET /adminapi/resource/mira with status 404 (InstanceNotFound: No entity found for query: x); it is not among the 1 of /adminapi/resource either',
    });
  });

  it.each<[string, string]>([
    ['is empty', '<resources/>'],
    ['is a single resource', resource({ userID: 'other' })],
    ['has somebody without a userID', resourceList(resource({ userID: 'other' }), resource({}))],
    ['has an error among the resources', `<resources>${resource({ userID: 'other' })}<apiErrors/></resources>`],
  ])('knows nothing of whom it does not find when the list %s', async (_how, list) => {
    const { answers } = await ask({ '/adminapi/resource': list }, ['mira']);
    expect(answers.get('mira')).toEqual({ kind: 'unknown', because: expect.stringMatching(/./u) });
  });

  it.each<[string, Answers[string], string]>([
    ['fails', [500, ''], 'source-refused'],
    ['is another one', '<teams/>', 'source-protocol'],
  ])('throws when the list %s', async (_how, list, code) => {
    await expect(ask({ '/adminapi/resource': list }, ['mira'])).rejects.toMatchObject({ code });
  });

  const leavers = Array.from({ length: 30 }, (_, at) => `leaver${at}`);
  const page = '<!DOCTYPE html><html><body>HTTP Status</body></html>';
  const otherError = notFound.replace('InstanceNotFound', 'InternalError');

  it.each<[string, Answers[string], string]>([
    ['404 comes as a page', [404, page], 'HTML'],
    ['400 comes as a page', [400, page], 'HTML'],
    ['500 comes as a page', [500, page], 'HTML'],
    ['a page comes', page, 'HTML'],
    ['403 comes', [403, ''], 'status 403'],
    ['404 comes without a word', [404, ''], 'not in the words of UCCX'],
    ['404 comes in other words', [404, '<error>gone</error>'], 'not in the words of UCCX'],
    ['404 comes with another error of UCCX', [404, otherError], 'InternalError'],
    ['the record comes all the same', resource({ userID: 'Mira' }), 'does not list it'],
    ['another record comes', resource({ userID: 'other' }), 'another record'],
    ['a team comes', team({ id: 1 }), 'another record'],
    ['UCCX fails', [500, notFound], 'status 500'],
    ['the record is cut off', '<resource><userID>mira', 'not well-formed'],
  ])('knows nothing when %s, and goes on with the others', async (_when, odd, because) => {
    const { answers } = await ask({ ...others, [path]: odd, '/adminapi/resource/odd': odd }, [
      'odd',
      'mira',
      ...leavers,
    ]);
    expect(answers.get('mira')).toEqual({ kind: 'unknown', because: expect.stringContaining(because) });
    expect(new Set(leavers.map((id) => answers.get(id)?.kind))).toEqual(new Set(['absent']));
  });

  it('goes on with the others when UCCX breaks off at a single one', async () => {
    const server = await scriptedHttp((request, response) => {
      if (request.url === '/adminapi/resource') response.end(others['/adminapi/resource']);
      else if (request.url === path) request.destroy();
      else response.writeHead(404).end(notFound);
    });
    servers.push(server);
    const ids = ['mira', ...leavers].map(asExternalId);
    const answers = await uccxOn(server).confirm('account', ids, new AbortController().signal);
    expect(ids.map((id) => answers.get(id)?.kind)).toEqual(['unknown', ...leavers.map(() => 'absent')]);
  });

  it.each(['', '.', '..', 'a/b', 'a\\b', 'a\nb', '\ud800'])('asks nobody for %j', async (id) => {
    const { answers, server } = await ask(others, [id]);
    expect(answers.get(id)?.kind).toBe('unknown');
    expect(server.requests).toHaveLength(0);
  });

  it.each(['anna maria', 'a+b', '100%', 'a?b#c', 'jürgen@corp', 'x&y=z', "o'neill;1"])(
    'asks for %s as one segment',
    async (id) => {
      const { answers, server } = await ask(
        { ...others, [`/adminapi/resource/${encodeURIComponent(id)}`]: [404, notFound] },
        [id],
      );
      expect(server.requests[1]?.url).toBe(`/adminapi/resource/${encodeURIComponent(id)}`);
      expect(answers.get(id)?.kind).toBe('absent');
    },
  );

  it('asks for teams by their number', async () => {
    const teams = { '/adminapi/team': teamList(team({ id: 1 })) };
    const { answers } = await ask(teams, ['1', '2'], 'group');
    expect([...answers.values()].map(({ kind }) => kind)).toEqual(['present', 'absent']);
  });

  it.each([
    [401, 'source-credentials'],
    [403, 'source-permission'],
  ])('throws at status %i and sends the login no second time', async (status, code) => {
    const server = await scriptedHttp((_request, response) => response.writeHead(status).end());
    servers.push(server);
    const ids = ['a', 'b', 'c'].map(asExternalId);
    const error = await uccxOn(server)
      .confirm('account', ids, new AbortController().signal)
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RosterdError);
    expect(error).toMatchObject({ code });
    expect(server.requests).toHaveLength(1);
  });

  it('throws when nobody can be asked at all', async () => {
    const server = await serveUccx({});
    await server.stop();
    const asked = uccxOn(server).confirm('account', [asExternalId('a')], new AbortController().signal);
    await expect(asked).rejects.toMatchObject({ code: 'source-unreachable' });
  });

  it.each([401, 503])('asks for nobody else after status %i for one', async (status) => {
    const server = await scriptedHttp((request, response) => {
      if (request.url === '/adminapi/resource') response.end(others['/adminapi/resource']);
      else response.writeHead(status).end();
    });
    servers.push(server);
    const ids = Array.from({ length: 100 }, (_, at) => asExternalId(`p${at}`));
    const asked = uccxOn(server).confirm('account', ids, new AbortController().signal);
    const kinds = await asked.then(
      (answers) => new Set([...answers.values()].map(({ kind }) => kind)),
      (error: RosterdError) => error.code,
    );
    expect(kinds).toEqual(status === 401 ? 'source-credentials' : new Set(['unknown']));
    expect(server.requests.length).toBeLessThanOrEqual(9);
  });

  it('does not wait for an answer once for every id when UCCX goes silent', async () => {
    const server = await scriptedHttp((request, response) => {
      if (request.url === '/adminapi/resource') response.end(others['/adminapi/resource']);
    });
    servers.push(server);
    const ids = Array.from({ length: 100 }, (_, at) => asExternalId(`p${at}`));
    const answers = await uccxOn(server).confirm('account', ids, new AbortController().signal);
    expect([...answers.values()].filter(({ kind }) => kind === 'unknown')).toHaveLength(100);
    expect(server.requests.length).toBeLessThanOrEqual(9);
  });
});
