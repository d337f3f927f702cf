import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';

export interface GameServerOptions {
  /** Portico. */
  readonly issuer: string;
  /** Of this server, registered as `machine` with the game among its `--audience`. */
  readonly clientId: string;
  readonly clientSecret: string;
  /** How long a player may stay before the game brings another ticket, in milliseconds: so long does one play on who signed out. */
  readonly seatLife?: number;
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

interface Seat {
  readonly player: Player;
  readonly until: number;
}

interface Player {
  readonly id: string;
  readonly name: string;
}

interface Reply {
  readonly status: number;
  readonly body: object;
  readonly headers?: Readonly<Record<string, string>>;
}

const FIVE_MINUTES = 300_000;
/** A ticket has 2048 letters at most. */
const MOST_BYTES = 4096;
/** Milliseconds. */
const ANSWER_WITHIN = 5000;

/**
 * Lets a player in by a join ticket, which the game got with its own token and brought here. No token of the player's ever reaches this
 * server, so nobody who breaks into it can act for anybody elsewhere.
 */
export function createGameServer({ issuer, clientId, clientSecret, seatLife = FIVE_MINUTES, now = Date.now }: GameServerOptions): Server {
  const seats = new Map<string, Seat>();
  const credentials = Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`).toString('base64');

  async function join(request: IncomingMessage): Promise<Reply> {
    const ticket = await ticketIn(request);
    if (ticket === null) return { status: 400, body: { error: 'no_ticket' } };
    const answer = await redeem(ticket);
    // Not asked again with the same ticket: it may have been spent although the answer got lost. The game brings another one.
    if (answer === null) return { status: 503, body: { error: 'unavailable' }, headers: { 'retry-after': '1' } };
    if (answer.user === undefined) return { status: 403, body: { error: 'ticket_refused' } };
    const player = { id: answer.user.id, name: answer.user.displayName ?? '' };
    for (const [seat, taken] of seats) if (taken.player.id === player.id || taken.until <= now()) seats.delete(seat);
    const seat = randomBytes(32).toString('base64url');
    seats.set(seat, { player, until: now() + seatLife });
    return { status: 200, body: { seat, player, expiresIn: seatLife / 1000 } };
  }

  /** Null: nothing was learned. Without `user`: Portico says no. */
  async function redeem(ticket: string): Promise<{ readonly user?: { readonly id: string; readonly displayName?: string } } | null> {
    try {
      const answer = await fetch(`${issuer}/api/v1/external/join`, {
        method: 'POST',
        headers: { authorization: `Basic ${credentials}`, 'content-type': 'application/json' },
        body: JSON.stringify({ ticket }),
        redirect: 'error',
        signal: AbortSignal.timeout(ANSWER_WITHIN),
      });
      const said = (await answer.json()) as { readonly error?: string; readonly user?: { readonly id: string } };
      if (answer.ok) return said;
      return said.error === 'ticket_refused' ? {} : null;
    } catch {
      return null;
    }
  }

  function me(request: IncomingMessage): Reply {
    const seat = seats.get(/^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '');
    if (seat === undefined || seat.until <= now()) return { status: 401, body: { error: 'no_seat' } };
    return { status: 200, body: seat.player };
  }

  const answer = async (request: IncomingMessage): Promise<Reply> => {
    switch (`${request.method} ${request.url}`) {
      case 'POST /join':
        return join(request);
      case 'GET /me':
        return me(request);
      default:
        return { status: 404, body: { error: 'not_found' } };
    }
  };

  return createServer((request, response) => {
    void answer(request)
      .catch((): Reply => ({ status: 400, body: { error: 'bad_request' } }))
      .then(({ status, body, headers }) => {
        response
          .writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers })
          .end(JSON.stringify(body));
      });
  });
}

async function ticketIn(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MOST_BYTES) return null;
    chunks.push(chunk);
  }
  const body: unknown = JSON.parse(Buffer.concat(chunks).toString());
  const ticket = typeof body === 'object' && body !== null && 'ticket' in body ? body.ticket : null;
  return typeof ticket === 'string' ? ticket : null;
}
