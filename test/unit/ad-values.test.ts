// Notations of Active Directory.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  dayExpiry,
  domainRid,
  fileTimeExpiry,
  generalizedTimeMs,
  guidAt,
  guidBytes,
  isGuid,
  isUnder,
  sidText,
} from '../../connectors/active-directory/values.ts';
import { bytesToGuid } from '../lab/ad-values.ts';

describe('objectGUID', () => {
  it('is written mixed-endian, in lower case, with hyphens', () => {
    expect(guidAt(Buffer.from('00112233445566778899aabbccddeeff', 'hex'), 0)).toBe(
      '33221100-5544-7766-8899-aabbccddeeff',
    );
  });

  it('goes to text and back for all bytes, as other code does', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        const text = guidAt(bytes, 0);
        expect(isGuid(text)).toBe(true);
        expect(guidBytes(text)).toEqual(Buffer.from(bytes));
        expect(text).toBe(bytesToGuid(Buffer.from(bytes)));
      }),
    );
  });
});

describe('objectSid', () => {
  it('is written S-1-5-21-..., with parts above 2^31', () => {
    const bytes = Buffer.from('010500000000000515000000ffffffff0100000002000000f4010000', 'hex');
    expect(sidText(bytes)).toBe('S-1-5-21-4294967295-1-2-500');
  });

  it('has a relative identifier only in a domain', () => {
    expect(domainRid('S-1-5-21-1-2-3-513')).toBe('513');
    expect(domainRid('S-1-5-32-545')).toBeUndefined();
  });
});

describe('accountExpires', () => {
  it.each(['0', '9223372036854775807'])('%s means never', (text) => {
    expect(fileTimeExpiry(text)).toEqual({ kind: 'never' });
  });

  it('keeps every millisecond, which a double would not', () => {
    expect(fileTimeExpiry('133801632000000000')).toEqual({ kind: 'at', at: Date.UTC(2025, 0, 1) });
    expect(fileTimeExpiry('133801632000010000')).toEqual({ kind: 'at', at: Date.UTC(2025, 0, 1) + 1 });
  });

  it('is unreadable when it is no number, and never when it is beyond all dates', () => {
    expect(fileTimeExpiry('soon')).toEqual({ kind: 'unreadable' });
    expect(fileTimeExpiry('9223372036854775806').kind).toBe('at');
    expect(fileTimeExpiry('99999999999999999999')).toEqual({ kind: 'never' });
  });
});

describe('other expiries', () => {
  it('counts shadowExpire in days, negative for never', () => {
    expect(dayExpiry('1')).toEqual({ kind: 'at', at: 86_400_000 });
    expect(dayExpiry('-1')).toEqual({ kind: 'never' });
  });

  it('reads generalized time with and without an offset', () => {
    expect(generalizedTimeMs('20260105060708.0Z')).toBe(Date.UTC(2026, 0, 5, 6, 7, 8));
    expect(generalizedTimeMs('202601050607+0100')).toBe(Date.UTC(2026, 0, 5, 5, 7));
    expect(generalizedTimeMs('yesterday')).toBeUndefined();
  });
});

describe('distinguished names', () => {
  it('lie under a base whatever their case and blanks, and not because of a common ending', () => {
    expect(isUnder('CN=a, OU=People,DC=corp', 'ou=people,dc=CORP')).toBe(true);
    expect(isUnder('OU=People,DC=corp', 'OU=People,DC=corp')).toBe(true);
    expect(isUnder('CN=a,OU=OtherPeople,DC=corp', 'OU=People,DC=corp')).toBe(false);
    expect(isUnder('CN=a\\,OU=People,DC=corp', 'OU=People,DC=corp')).toBe(false);
  });
});
