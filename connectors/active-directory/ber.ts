// Writes BER, the encoding of LDAP (RFC 4511, 5.1). Only what requests need; lengths are always the shortest form.

export type Bytes = Uint8Array;

export const tag = {
  boolean: 0x01,
  integer: 0x02,
  octetString: 0x04,
  enumerated: 0x0a,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Tag, length and content of one element. */
export function element(elementTag: number, ...parts: readonly Bytes[]): Buffer {
  let length = 0;
  for (const part of parts) length += part.length;
  return Buffer.concat([header(elementTag, length), ...parts]);
}

export const text = (value: string, elementTag: number = tag.octetString): Buffer =>
  element(elementTag, Buffer.from(value, 'utf8'));

export const sequence = (...parts: readonly Bytes[]): Buffer => element(tag.sequence, ...parts);

export const boolean = (value: boolean): Buffer => Buffer.from([tag.boolean, 1, value ? 0xff : 0]);

export const enumerated = (value: number): Buffer => integer(value, tag.enumerated);

/** A non-negative integer. */
export function integer(value: number, elementTag: number = tag.integer): Buffer {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.unshift(rest % 256);
    rest = Math.floor(rest / 256);
  } while (rest > 0);
  // The first bit is the sign.
  if ((bytes[0] ?? 0) >= 0x80) bytes.unshift(0);
  return element(elementTag, Buffer.from(bytes));
}

function header(elementTag: number, length: number): Buffer {
  if (length < 0x80) return Buffer.from([elementTag, length]);
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return Buffer.from([elementTag, 0x80 | bytes.length, ...bytes]);
}
