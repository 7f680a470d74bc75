// Active Directory's own encodings: GUID (first three parts little-endian), SID, FILETIME, GeneralizedTime.
// Pure conversions in both directions; wrong input throws.

export function guidToBytes(guid: string): Buffer {
  const hex = guid.replace(/[{}-]/g, '');
  if (!/^[0-9a-f]{32}$/i.test(hex)) throw new TypeError(`not a GUID: ${guid}`);
  return swapGuid(Buffer.from(hex, 'hex'));
}

export function bytesToGuid(bytes: Buffer): string {
  const hex = swapGuid(bytes).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function swapGuid(bytes: Buffer): Buffer {
  const swapped = Buffer.from(bytes);
  swapped.subarray(0, 4).reverse();
  swapped.subarray(4, 6).reverse();
  swapped.subarray(6, 8).reverse();
  return swapped;
}

export function sidToBytes(sid: string): Buffer {
  const [, revision, authority, ...parts] = sid.split('-');
  if (!/^S-\d+(-\d+)+$/.test(sid)) throw new TypeError(`not a SID: ${sid}`);
  const bytes = Buffer.alloc(8 + parts.length * 4);
  bytes[0] = Number(revision);
  bytes[1] = parts.length;
  bytes.writeUIntBE(Number(authority), 2, 6);
  parts.forEach((part, index) => {
    bytes.writeUInt32LE(Number(part), 8 + index * 4);
  });
  return bytes;
}

export function bytesToSid(bytes: Buffer): string {
  const parts = Array.from({ length: bytes[1] ?? 0 }, (_, index) => bytes.readUInt32LE(8 + index * 4));
  return ['S', bytes[0], bytes.readUIntBE(2, 6), ...parts].join('-');
}

/** Ticks of 100 ns since 1601, as accountExpires and pwdLastSet hold them. */
export function fileTime(at: Date): string {
  return ((BigInt(at.getTime()) + 11_644_473_600_000n) * 10_000n).toString();
}

export const neverExpires = '9223372036854775807';

/** `20260102030405.0Z`, the form Active Directory answers with. */
export function generalizedTime(at: Date): string {
  return `${at.toISOString().replace(/[-:T]/g, '').slice(0, 14)}.0Z`;
}

/** The form unicodePwd is written in: quoted, UTF-16 little-endian. */
export function unicodePassword(password: string): Buffer {
  return Buffer.from(`"${password}"`, 'utf16le');
}

export const accountFlags = {
  disabled: 0x2,
  passwordNotRequired: 0x20,
  normal: 0x200,
  neverExpires: 0x1_0000,
} as const;
