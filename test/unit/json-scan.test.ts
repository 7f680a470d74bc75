// The scan before JSON is parsed: a text that unfolds into more than memory holds is refused where it arrives.
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { hasTooManyValues, isJson, maxJsonValues } from '../../connectors/json-scan.ts';
import { collectionOf, resources } from '../../connectors/uccx/document.ts';
import { codeOf, get, httpServers } from './http-fixture.ts';

const { serve } = httpServers();

describe('scan of JSON', () => {
  it.each([
    ['objects', '[{},{}]', '[{},{},{}]'],
    ['arrays in each other', '[[[[[]]]]]', '[[[[[[]]]]]]'],
    ['keys', '{"a":1,"b":2,"c":3,"d":4,"e":5}', '{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6}'],
  ])('takes as many %s as it is told, and not one more', (_what, most, more) => {
    expect(hasTooManyValues(most, 5)).toBe(false);
    expect(hasTooManyValues(more, 5)).toBe(true);
  });

  it('is for JSON only', () => {
    expect([' {}', '\n[]', '<a/>', 'text', ''].map(isJson)).toEqual([true, true, false, false, false]);
  });

  it('stands behind every answer, so that a few kilobytes do not end the process', async () => {
    const body = gzipSync(`[${'{},'.repeat(maxJsonValues)}{}]`);
    expect(body.length).toBeLessThan(16_384);
    const server = await serve((_request, response) =>
      response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' }).end(body),
    );
    expect(await codeOf(get(server.url))).toBe('source-limit');
  });

  it('leaves nothing that a connector falls over', () => {
    const text = `{"@type":"resourceXMLList","resource":[${'{},'.repeat(300_000)}{}]}`;
    expect(hasTooManyValues(text)).toBe(false);
    const { items } = collectionOf({ status: 200, contentType: 'application/json', text }, resources);
    expect(items).toHaveLength(300_001);
  });

  it('leaves a list as long as any that is real', async () => {
    const body = JSON.stringify({
      resource: Array.from({ length: 12_000 }, (_, at) => ({ userID: `a${at}`, type: 1 })),
    });
    const server = await serve((_request, response) => response.end(body));
    expect((await get(server.url)).text).toBe(body);
  });
});
