// Reads the file of the authorities that a source trusts, for all connectors.
// Invariant: a file that is missing or holds no certificate is a mistake in the configuration, never a server that is not trusted.

import { readFile } from 'node:fs/promises';
import { RosterdError } from '../src/model/errors.ts';

/** The certificates of tls.caFile; undefined: those that Node knows. */
export async function readCaFile(caFile: string | undefined): Promise<Buffer | undefined> {
  if (caFile === undefined) return undefined;
  let ca: Buffer;
  try {
    ca = await readFile(caFile);
  } catch (error) {
    throw new RosterdError('config-invalid', `the CA file ${caFile} cannot be read: ${(error as Error).message}`, {
      subject: caFile,
      cause: error,
    });
  }
  if (ca.includes('-----BEGIN CERTIFICATE-----')) return ca;
  throw new RosterdError('config-invalid', `the CA file ${caFile} holds no certificate in PEM form`, {
    subject: caFile,
  });
}
