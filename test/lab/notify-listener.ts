// A stand-in for systemd's end of its notify socket (sd_notify(3)): prints what a service says, a line per message, after one
// line that it listens. Node.js has no datagram sockets of the unix kind, so python3 has it.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';

// BARRIER=1 is how systemd-notify waits until it was heard.
const script = `
import socket, sys
heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
heard.bind(sys.argv[1])
print('listening', flush=True)
while True:
    message = heard.recv(65536)
    if message != b'BARRIER=1':
        print(message.decode().replace('\\n', ' | '), flush=True)
`;

export const spawnNotifyListener = (socket: string): ChildProcessWithoutNullStreams =>
  spawn('python3', ['-c', script, socket]);
