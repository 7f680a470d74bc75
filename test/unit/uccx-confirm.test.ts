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
  it('calls a resource present that is there, whatever its case', async () => {
    const { answers, server } = await ask({ [path]: resource({ userID: 'Mira' }) }, ['mira']);
    expect(answers.get('mira')).toEqual({ kind: 'present' });
    expect(server.requests).toHaveLength(1);
  });

  it('calls a resource absent that UCCX says it does not find and does not list', async () => {
    const { answers } = await ask(others, ['mira']);
    expect(answers.get('mira')).toEqual({
      kind: 'absent',
      evidence:
        'UCCX answered GET /adminapi/resource/mira with status 404 (InstanceNotFound: No entity found for query: x); it is not among the 1 of /adminapi/resource either',
    });
  });

  it('calls a resource present that is listed in another case, even if UCCX does not find it', async () => {
    const listed = { '/adminapi/resource': resourceList(resource({ userID: 'Mira' })) };
    expect((await ask(listed, ['mira'])).answers.get('mira')).toEqual({ kind: 'present' });
  });

  it.each<[string, Answers]>([
    ['the list is empty', { '/adminapi/resource': '<resources/>' }],
    ['the list does not come', { '/adminapi/resource': [500, ''] }],
    ['the list is another one', { '/adminapi/resource': '<teams/>' }],
    ['404 comes as a page', { ...others, [path]: [404, '<html>Not Found</html>'] }],
    ['404 comes without a word', { ...others, [path]: [404, ''] }],
    ['404 comes in other words', { ...others, [path]: [404, '<error>gone</error>'] }],
    ['another record comes', { ...others, [path]: resource({ userID: 'other' }) }],
    ['a team comes', { ...others, [path]: team({ id: 1 }) }],
    ['UCCX fails', { ...others, [path]: [500, notFound] }],
    ['the record is cut off', { ...others, [path]: '<resource><userID>mira' }],
  ])('knows nothing when %s', async (_when, answers) => {
    const answer = (
      await ask({ ...answers, '/adminapi/resource/first': resource({ userID: 'first' }) }, ['first', 'mira'])
    ).answers;
    expect(answer.get('first')).toEqual({ kind: 'present' });
    expect(answer.get('mira')).toEqual({ kind: 'unknown', because: expect.stringMatching(/./u) });
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
        { [`/adminapi/resource/${encodeURIComponent(id)}`]: resource({ userID: id.replace('&', '&amp;') }) },
        [id],
      );
      expect(server.requests[0]?.url).toBe(`/adminapi/resource/${encodeURIComponent(id)}`);
      expect(answers.get(id)).toEqual({ kind: 'present' });
    },
  );

  it('asks for teams by their number', async () => {
    const teams = { '/adminapi/team/1': team({ id: 1 }), '/adminapi/team': teamList(team({ id: 1 })) };
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

  it('does not wait for an answer once for every id when UCCX goes silent', async () => {
    let asked = 0;
    const server = await scriptedHttp((_request, response) => {
      asked += 1;
      if (asked === 1) response.end(resource({ userID: 'p0' }));
    });
    servers.push(server);
    const ids = Array.from({ length: 100 }, (_, at) => asExternalId(`p${at}`));
    const answers = await uccxOn(server).confirm('account', ids, new AbortController().signal);
    const kinds = [...answers.values()].map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'unknown')).toHaveLength(99);
    expect(asked).toBeLessThanOrEqual(5);
  });
});
