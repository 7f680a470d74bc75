// A UCCE or PCCE as a real web server: the state, the pure answers and the frame put together. What the service itself does
// differently is a variant of the state; what goes wrong on the way is a fault of the frame.
import { type HttpSimulator, type SimulatorOptions, startHttpSimulator } from './http-simulator.ts';
import { answerUcce } from './ucce-answer.ts';
import type { UcceData } from './ucce-data.ts';
import { smallUcce } from './ucce-small.ts';
import { type UcceLogin, UcceState, ucceLogin } from './ucce-state.ts';
import type { UcceVariants } from './ucce-variants.ts';

export type UcceSimulatorOptions = Pick<SimulatorOptions, 'tls' | 'port' | 'host' | 'certificate'> & {
  /** The small hand-made one unless given. */
  readonly data?: UcceData;
  /** One administrator who may only read unless given. */
  readonly logins?: readonly UcceLogin[];
  readonly variants?: Partial<UcceVariants>;
};

export interface UcceSimulator extends HttpSimulator {
  /** What it holds; changes and variants are seen by the next request. */
  readonly state: UcceState;
  /** For the configuration of a source. */
  readonly login: { readonly user: string; readonly password: string };
}

export async function startUcceSimulator(options: UcceSimulatorOptions = {}): Promise<UcceSimulator> {
  const { data = smallUcce(), logins = [ucceLogin], variants = {}, ...frame } = options;
  const state = new UcceState(data, logins);
  const answer: SimulatorOptions['answer'] = (request) => answerUcce(state, request);
  const passwords = Object.fromEntries(logins.map(({ user, password }) => [user, password]));
  const server = await startHttpSimulator({ ...frame, logins: passwords, answer, refuseMethod: answer });
  state.vary({ linkOrigin: server.url, ...variants });
  const { user, password } = logins[0] ?? ucceLogin;
  return { ...server, state, login: { user, password } };
}
