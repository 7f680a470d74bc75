/** An LDAP result code with the diagnostic text that the server sends along. */
export class DirectoryError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.name = 'DirectoryError';
    this.code = code;
  }
}
