// The HTTP door: what may stand in the CA file, and that each of it vouches for no more than it says.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Certificate, createAuthority } from '../lab/certificates.ts';
import { get, httpServers, xml } from './http-fixture.ts';
import { scriptedHttp } from './scripted-http.ts';

const { authority, keep } = httpServers();
const day = 86_400_000;
const names = ['127.0.0.1'];
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rosterd-trust-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What comes of a question to a server with this certificate, by one who trusts what is in the file. */
async function asking(shown: Certificate, trusted: string): Promise<string> {
  const caFile = join(folder, 'trusted.pem');
  await writeFile(caFile, trusted);
  const server = keep(await scriptedHttp((_request, response) => response.end(xml), shown));
  const said = await get(server.url, { connection: { tls: { caFile } } }).then(
    ({ text }) => text,
    (error: { code: string }) => error.code,
  );
  expect(server.requests).toHaveLength(said === xml ? 1 : 0);
  return said;
}

describe('a certificate of a server in the CA file', () => {
  it('is trusted without the authority that signed it', async () => {
    const own = authority().issue({ names });
    expect(await asking(own, own.cert)).toBe(xml);
  });

  it('vouches for no other certificate of that authority', async () => {
    expect(await asking(authority().issue({ names }), authority().issue({ names }).cert)).toBe('source-tls-untrusted');
  });

  it('is no authority itself', async () => {
    const own = authority().issue({ names });
    const forger = { ...authority(), name: '127.0.0.1', key: own.key };
    const forged = createAuthority('Forged CA', forger);
    const shown = forged.issue({ names });
    expect(await asking({ ...shown, cert: shown.cert + forged.cert }, own.cert)).toBe('source-tls-untrusted');
  });

  it('must carry the name', async () => {
    const other = authority().issue({ names: ['other.test'] });
    expect(await asking(other, other.cert)).toBe('source-tls-hostname');
  });

  it.each([
    ['expired', { from: new Date(Date.now() - 2 * day), until: new Date(Date.now() - day) }],
    ['not valid yet', { from: new Date(Date.now() + day) }],
  ])('is not trusted when it is %s', async (_what, when) => {
    const own = authority().issue({ names, ...when });
    expect(await asking(own, own.cert)).toBe('source-tls-expired');
  });
});

describe('an authority in the CA file that another one signed', () => {
  it('is trusted without that one, for what it signed and nothing else', async () => {
    const between = createAuthority('Lab issuing CA', authority());
    expect(await asking(between.issue({ names }), between.cert)).toBe(xml);
    expect(await asking(authority().issue({ names }), between.cert)).toBe('source-tls-untrusted');
    expect(await asking(between.issue({ names: ['other.test'] }), between.cert)).toBe('source-tls-hostname');
    const until = new Date(Date.now() - day);
    const expired = between.issue({ names, from: new Date(Date.now() - 2 * day), until });
    expect(await asking(expired, between.cert)).toBe('source-tls-expired');
  });
});
