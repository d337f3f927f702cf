import { OAUTH } from '@portico/protocol/routes';
import { PorticoError, type VerifiedUser, type Verifier } from '@portico/server';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

interface Score {
  readonly name: string;
  readonly points: number;
}

const SHOWN = 10;
/** What strangers may fill of the memory. */
const KEPT = 1000;
/** The field has 16 times 16 cells, and the snake three to begin with. */
const POINTS_MAX = 16 * 16 - 3;
/** Milliseconds. */
const PATIENCE = 3000;

/** The API of the game: it verifies tokens, and knows nothing of sign-ins. A score is what the browser says: a game that matters keeps it itself. */
export function registerSnake(app: FastifyInstance, verifier: Verifier, url: string): void {
  const best = new Map<string, Score>();
  app.addHook('onClose', async () => verifier.close());

  const asUser = async (
    request: FastifyRequest,
    reply: FastifyReply,
    act: (user: VerifiedUser) => Promise<object> | object,
  ): Promise<object> => {
    try {
      return await act(await verifier.verify(request));
    } catch (error) {
      if (!(error instanceof PorticoError)) throw error;
      return reply.code(error.status).headers(error.headers).send(error.body);
    }
  };

  app.get('/api/scores', () => [...best.values()].sort((a, b) => b.points - a.points).slice(0, SHOWN));
  app.get('/api/me', (request, reply) => asUser(request, reply, ({ id, roles }) => ({ id, roles })));
  app.post('/api/scores', (request, reply) =>
    asUser(request, reply, async ({ id }) => {
      const points = pointsOf(request.body);
      if (points === null || (best.size >= KEPT && !best.has(id))) return reply.code(400).send({ error: 'invalid_fields' });
      if (points > (best.get(id)?.points ?? -1)) best.set(id, { name: await nameOf(url, request), points });
      return reply.code(201).send({ points });
    }),
  );
}

function pointsOf(body: unknown): number | null {
  const points = typeof body === 'object' && body !== null && 'points' in body ? body.points : null;
  return typeof points === 'number' && Number.isInteger(points) && points >= 0 && points <= POINTS_MAX ? points : null;
}

/** Portico says who plays, not the page. */
async function nameOf(url: string, { headers }: FastifyRequest): Promise<string> {
  try {
    const { authorization = '' } = headers;
    const answer = await fetch(url + OAUTH.userinfo, {
      headers: { authorization },
      redirect: 'error',
      signal: AbortSignal.timeout(PATIENCE),
    });
    const { name } = (await answer.json()) as { readonly name?: unknown };
    return typeof name === 'string' && name !== '' ? name : 'somebody';
  } catch {
    return 'somebody';
  }
}
