// From what the network says to an error: what a person reads must say something.
import { describe, expect, it } from 'vitest';
import { connectionError } from '../../connectors/network-failures.ts';

const refused = (address: string): Error =>
  Object.assign(new Error(`connect ECONNREFUSED ${address}`), { code: 'ECONNREFUSED' });

describe('failures of the network', () => {
  it('name every address of a host that has several', () => {
    // What Node makes of a name with two addresses: no message of its own.
    const both = Object.assign(new AggregateError([refused('127.0.0.1:8443'), refused('::1:8443')]), {
      code: 'ECONNREFUSED',
    });
    expect(connectionError('https://uccx1.test:8443', both, 'connecting')).toMatchObject({
      code: 'source-unreachable',
      message: 'https://uccx1.test:8443: connect ECONNREFUSED 127.0.0.1:8443; connect ECONNREFUSED ::1:8443',
    });
  });

  it('are named by their code where there is no message', () => {
    const silent = Object.assign(new Error(''), { code: 'EPIPE' });
    expect(connectionError('https://uccx1.test', silent, 'open').message).toBe('https://uccx1.test: EPIPE');
  });
});
