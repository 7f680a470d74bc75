// The HTTP door: a server may show what it was sent, in any form. None of it comes into a message, an evidence or a log.
import { describe, expect, it } from 'vitest';
import { LoginEraser } from '../../connectors/http-login.ts';
import { authorization, failure, get, httpServers, password } from './http-fixture.ts';

const { serve, serveBytes } = httpServers();
const login = { user: 'svc', password: `p<a>s"s&w'o/rd \\é😀` };
const eraser = new LoginEraser(login);

describe('the login in what a server says', () => {
  it.each<[string, string]>([
    ['as it is', login.password],
    ['in XML', `p&lt;a&gt;s"s&amp;w'o/rd \\é😀`],
    ['in XML with all quotes', 'p&lt;a&gt;s&quot;s&amp;w&apos;o/rd \\é😀'],
    ['in XML by numbers', 'p&#60;a&#x3E;s&#034;s&#x26;w&#39;o/rd \\&#233;&#x1F600;'],
    ['in an address', encodeURIComponent(login.password)],
    ['in an address, in small letters and with plus signs', 'p%3ca%3es%22s%26w%27o%2frd+%5c%c3%a9%f0%9f%98%80'],
    ['in JSON', JSON.stringify(login.password).slice(1, -1)],
    ['in JSON of ASCII only', 'p\\u003ca\\u003Es\\"s\\u0026w\\u0027o\\/rd \\\\\\u00e9\\ud83d\\ude00'],
    ['taken for ISO 8859-1', Buffer.from(login.password, 'utf8').toString('latin1')],
    ['with its user', `svc:${login.password}`],
    ['in the header', `Basic ${Buffer.from(`svc:${login.password}`).toString('base64')}`],
    ['in the header, in an address', encodeURIComponent(Buffer.from(`svc:${login.password}`).toString('base64'))],
  ])('is taken out %s', (_form, shown) => {
    for (const text of [eraser.message(`you sent ${shown}, no`), eraser.document(`you sent ${shown}, no`)])
      expect(text).toMatch(/^you sent (?:svc:|Basic )?\*{3}, no$/u);
  });

  it('leaves everything else as it is', () => {
    const said = '<e>p<a>s, %70, svc and \\u0070</e>';
    expect(eraser.message(said)).toBe(said);
    expect(new LoginEraser({ user: 'svc', password: '' }).message(said)).toBe(said);
  });

  it('leaves a document one that can be parsed, however short the password is', () => {
    const short = new LoginEraser({ user: 'svc', password: 'x' });
    expect(short.document('<?xml version="1.0"?><x/>')).toBe('<?xml version="1.0"?><x/>');
    expect(short.message('x')).toBe('***');
  });

  const shown = `${password} ${encodeURIComponent(authorization)}`;
  it.each([
    ['the target of a redirection', 302, { Location: `https://x.test/?a=${encodeURIComponent(shown)}` }, ''],
    ['an encoding', 200, { 'Content-Encoding': authorization.slice(6) }, 'x'],
    ['an error', 500, {}, `<e>${shown}</e>`],
  ])('does not come through %s', async (_where, status, headers, body) => {
    const server = await serve((_request, response) => response.writeHead(status, headers).end(body));
    const { message } = await failure(get(server.url));
    expect(message).toContain('***');
    for (const secretText of [password, encodeURIComponent(password), authorization.slice(6)])
      expect(message.toLowerCase()).not.toContain(secretText.toLowerCase());
  });

  it.each([
    ['that was allowed', 404, `<apiErrors><apiError><errorData>${shown}</errorData></apiError></apiErrors>`],
    ['with status 200', 200, `{"apiError":[{"errorData":"${shown}"}]}`],
    ['with status 200 that is no document', 200, shown],
  ])('does not come through an error %s', async (_what, status, body) => {
    const server = await serve((_request, response) => response.writeHead(status).end(body));
    const { text } = await get(server.url, { allow: [404] });
    expect(text).toContain('***');
    expect(text).not.toContain(password);
    expect(text).not.toContain(encodeURIComponent(authorization.slice(6)));
  });

  it('is not kept with an answer that is not HTTP', async () => {
    const error = await failure(get((await serveBytes(`you sent ${authorization}\r\n`)).url));
    expect(error.code).toBe('source-protocol');
    expect(error.cause).toBeUndefined();
  });

  it('is left in data: somebody may be called as the password is', async () => {
    const data = `<resources><resource><lastName>${password}</lastName></resource></resources>`;
    const server = await serve((_request, response) => response.end(data));
    expect((await get(server.url)).text).toBe(data);
  });
});
