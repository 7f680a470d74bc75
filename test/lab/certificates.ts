// Certificates for the lab, issued with node:crypto alone (X.509 v3 in DER, P-256), so that a machine without openssl
// can run every TLS test and the demo. They are made anew each time: no private key is ever committed.
import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { boolean, integer, objectIdentifier, tlv } from './ber.ts';

export type Certificate = { readonly cert: string; readonly key: string };
export type ServerCertificateOptions = {
  /** DNS names and IP addresses. */
  readonly names: readonly string[];
  readonly from?: Date;
  readonly until?: Date;
};
export type CertificateAuthority = {
  readonly name: string;
  readonly cert: string;
  readonly key: string;
  readonly issue: (options: ServerCertificateOptions) => Certificate;
};

const oid = {
  commonName: '2.5.4.3',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  basicConstraints: '2.5.29.19',
  keyUsage: '2.5.29.15',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  subjectAltName: '2.5.29.17',
  subjectKeyId: '2.5.29.14',
  authorityKeyId: '2.5.29.35',
} as const;

const sequence = (...content: readonly Buffer[]): Buffer => tlv(0x30, ...content);
const commonName = (name: string): Buffer =>
  sequence(tlv(0x31, sequence(objectIdentifier(oid.commonName), tlv(0x0c, name))));
const bitString = (bits: Buffer, unused = 0): Buffer => tlv(0x03, Buffer.from([unused]), bits);
const algorithm = sequence(objectIdentifier(oid.ecdsaWithSha256));
const publicDer = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' });
const keyId = (key: KeyObject): Buffer => createHash('sha1').update(publicDer(key)).digest();
const extension = (id: string, content: Buffer, criticality: 'critical' | 'optional' = 'optional'): Buffer =>
  sequence(objectIdentifier(id), ...(criticality === 'critical' ? [boolean(true)] : []), tlv(0x04, content));

/** UTCTime until 2049, GeneralizedTime from then on (RFC 5280, 4.1.2.5). */
function time(at: Date): Buffer {
  const digits = `${at.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`;
  return at.getUTCFullYear() < 2050 ? tlv(0x17, digits.slice(2)) : tlv(0x18, digits);
}

type Body = {
  readonly subject: string;
  readonly issuer: string;
  readonly from: Date;
  readonly until: Date;
  readonly publicKey: KeyObject;
  readonly signWith: KeyObject;
  readonly extensions: readonly Buffer[];
};

function issue(body: Body): string {
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const toBeSigned = sequence(
    tlv(0xa0, integer(2)),
    tlv(0x02, serial),
    algorithm,
    commonName(body.issuer),
    sequence(time(body.from), time(body.until)),
    commonName(body.subject),
    publicDer(body.publicKey),
    tlv(0xa3, sequence(...body.extensions)),
  );
  const der = sequence(toBeSigned, algorithm, bitString(sign('sha256', toBeSigned, body.signWith)));
  return `-----BEGIN CERTIFICATE-----\n${(der.toString('base64').match(/.{1,64}/g) ?? []).join('\n')}\n-----END CERTIFICATE-----\n`;
}

function addressOctets(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number));
  const [head = '', tail] = address.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const words =
    tail === undefined ? left : [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right];
  return Buffer.from(words.map((word) => word.padStart(4, '0')).join(''), 'hex');
}

const alternativeName = (name: string): Buffer => (isIP(name) === 0 ? tlv(0x82, name) : tlv(0x87, addressOctets(name)));
const day = 86_400_000;
const pem = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();

/** With a parent: an authority between that one and the servers. */
export function createAuthority(name = 'Lab test CA', parent?: CertificateAuthority): CertificateAuthority {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const now = Date.now();
  const cert = issue({
    subject: name,
    issuer: parent?.name ?? name,
    from: new Date(now - day),
    until: new Date(now + 3_650 * day),
    publicKey,
    signWith: parent === undefined ? privateKey : createPrivateKey(parent.key),
    extensions: [
      extension(oid.basicConstraints, sequence(boolean(true)), 'critical'),
      // keyCertSign and cRLSign
      extension(oid.keyUsage, bitString(Buffer.from([0x06]), 1), 'critical'),
      extension(oid.subjectKeyId, tlv(0x04, keyId(publicKey))),
    ],
  });
  return {
    name,
    cert,
    key: pem(privateKey),
    issue: (options) => {
      const server = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
      return {
        key: pem(server.privateKey),
        cert: issue({
          subject: options.names[0] ?? 'localhost',
          issuer: name,
          from: options.from ?? new Date(now - day),
          until: options.until ?? new Date(now + 825 * day),
          publicKey: server.publicKey,
          signWith: privateKey,
          extensions: [
            extension(oid.basicConstraints, sequence(), 'critical'),
            // digitalSignature
            extension(oid.keyUsage, bitString(Buffer.from([0x80]), 7), 'critical'),
            extension(oid.extendedKeyUsage, sequence(objectIdentifier(oid.serverAuth))),
            extension(oid.subjectAltName, sequence(...options.names.map(alternativeName))),
            extension(oid.subjectKeyId, tlv(0x04, keyId(server.publicKey))),
            extension(oid.authorityKeyId, sequence(tlv(0x80, keyId(publicKey)))),
          ],
        }),
      };
    },
  };
}

export type TestCertificates = {
  readonly caFile: string;
  readonly good: Certificate;
  readonly expired: Certificate;
  readonly notYetValid: Certificate;
  readonly wrongHost: Certificate;
  readonly unknownAuthority: Certificate;
};

/** One of each kind that a client must accept or refuse; `ca.pem` is written into the folder. */
export function createTestCertificates(
  folder: string,
  names: readonly string[] = ['localhost', '127.0.0.1', '::1'],
): TestCertificates {
  mkdirSync(folder, { recursive: true });
  const authority = createAuthority();
  const caFile = join(folder, 'ca.pem');
  writeFileSync(caFile, authority.cert);
  const now = Date.now();
  return {
    caFile,
    good: authority.issue({ names }),
    expired: authority.issue({ names, from: new Date(now - 30 * day), until: new Date(now - day) }),
    notYetValid: authority.issue({ names, from: new Date(now + day) }),
    wrongHost: authority.issue({ names: ['another-host.example.test'] }),
    unknownAuthority: createAuthority('An authority nobody trusts').issue({ names }),
  };
}
