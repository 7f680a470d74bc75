import { describe, expect, it } from 'vitest';
import { parseAttributeName } from '../../src/admin/attributes.ts';
import { csvCell } from '../../src/admin/csv.ts';
import { nearestName } from '../../src/admin/find.ts';
import { parsePast, parseUntil } from '../../src/admin/moments.ts';
import { asEpochMs } from '../../src/model/ids.ts';

const now = asEpochMs(Date.parse('2026-11-21T12:00:00Z'));
const iso = (ms: number): string => new Date(ms).toISOString();

describe('moments', () => {
  it.each([
    ['30d', '2026-12-21T12:00:00.000Z'],
    ['90m', '2026-11-21T13:30:00.000Z'],
    ['2026-11-21', '2026-11-22T00:00:00.000Z'],
    ['2026-12-24T18:00+01:00', '2026-12-24T17:00:00.000Z'],
  ])('until %s is %s', (text, moment) => {
    expect(iso(parseUntil(text, now))).toBe(moment);
  });

  it.each(['0d', '-1d', '2026-11-20', '2026-02-30', '2026-13-01', 'tomorrow', '', '12', '2026-12-24T18:00'])(
    'refuses until "%s"',
    (text) => {
      expect(() => parseUntil(text, now)).toThrow(expect.objectContaining({ code: 'value-invalid' }));
    },
  );

  it('looks back by spans and takes whole days', () => {
    expect(iso(parsePast('1d', now, 'from'))).toBe('2026-11-20T12:00:00.000Z');
    expect(iso(parsePast('2026-11-20', now, 'from'))).toBe('2026-11-20T00:00:00.000Z');
    expect(iso(parsePast('2026-11-20', now, 'to'))).toBe('2026-11-21T00:00:00.000Z');
  });
});

describe('csv cells', () => {
  it.each([
    ['=1+1', `"'=1+1"`],
    ['+420 555', `"'+420 555"`],
    ['-1', `"'-1"`],
    ['@SUM(A1)', `"'@SUM(A1)"`],
    ['\n=1+1', `"'\n=1+1"`],
    ['\uFF1D1+1', `"'\uFF1D1+1"`],
    ['\uFF0B1', `"'\uFF0B1"`],
    ['\uFF0D1', `"'\uFF0D1"`],
    ['\uFF20SUM(A1)', `"'\uFF20SUM(A1)"`],
    ['\tx', `"'\tx"`],
    ['\rx', `"'\rx"`],
    ['a"b', '"a""b"'],
    ['a,b', '"a,b"'],
    ['a\nb', '"a\nb"'],
    ['plain', 'plain'],
    [-5, '-5'],
    [null, ''],
  ])('%j becomes %s', (value, cell) => {
    expect(csvCell(value)).toBe(cell);
  });
});

describe('names', () => {
  it('take the well-known attributes in any spelling', () => {
    expect(
      ['AGENT-ID', 'agent_id', 'Device ID', 'Extension', 'Locker.2', 'Cost Centre'].map(parseAttributeName),
    ).toEqual(['agentId', 'agentId', 'deviceId', 'extension', 'Locker.2', 'Cost Centre']);
    expect(() => parseAttributeName('bad name!')).toThrow(expect.objectContaining({ code: 'value-invalid' }));
  });

  it('find the nearest known one, or none', () => {
    expect(nearestName('ad-q', ['ad-hq', 'uccx'])).toBe('ad-hq');
    expect(nearestName('Supervisr', ['Agent', 'Supervisor'])).toBe('Supervisor');
    expect(nearestName('zzz', ['ad-hq', 'uccx'])).toBeUndefined();
  });
});
