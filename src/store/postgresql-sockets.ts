// The connections to a PostgreSQL server as sockets. A server that loses its power, or a firewall that forgets a connection, says
// nothing: without a limit a statement would wait for hours, and so would everybody who waits for that statement.
// Invariant: a socket on which nothing has moved for `silenceMs` is destroyed, and with it ends whatever waited for it.

import { Socket } from 'node:net';
import { constants } from 'node:os';

/** How the driver knows a failure of the network: code, system call and number. */
class SilentServerError extends Error {
  readonly code = 'ETIMEDOUT';
  readonly syscall = 'read';
  readonly errno = -constants.errno.ETIMEDOUT;

  constructor(silenceMs: number) {
    super(`the server has said nothing for ${silenceMs / 1_000} s`);
  }
}

export class PostgresqlSockets {
  readonly #silenceMs: number;
  readonly #open = new Set<Socket>();

  constructor(silenceMs: number) {
    this.#silenceMs = silenceMs;
  }

  /** For the driver's option `stream`; it connects the socket, and puts TLS on top of it where that is wanted. */
  make = (): Socket => {
    const socket = new Socket();
    this.#open.add(socket);
    socket.once('close', () => this.#open.delete(socket));
    socket.setTimeout(this.#silenceMs, () => socket.destroy(new SilentServerError(this.#silenceMs)));
    return socket;
  };

  /** Waits until the goodbye has been answered on every socket; those on which it was not within the time are destroyed. */
  async end(withinMs: number): Promise<void> {
    const closed = [...this.#open].map((socket) => new Promise((resolve) => socket.once('close', resolve)));
    const force = setTimeout(() => {
      for (const socket of this.#open) socket.destroy();
    }, withinMs);
    await Promise.all(closed);
    clearTimeout(force);
  }
}
