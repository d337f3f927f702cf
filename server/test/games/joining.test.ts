import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, type TestContext, test } from 'node:test';
import { EXTERNAL_PATHS, EXTERNAL_PREFIX } from '@portico/protocol/routes';
import { createGameServer } from '../../../examples/game-server/src/game-server.ts';
import { setClientDisabled } from '../../src/clients/client.ts';
import { TICKET_LIFE } from '../../src/sessions/ticket.ts';
import { actions } from '../families.ts';
import { addSite, type Site } from '../sites.ts';
import { inWorld, type World } from '../world.ts';
import { startFront } from './front.ts';
import { csharp, godot } from './players.ts';
import { JOIN, openStage, type Stage, signIn } from './stage.ts';

/** How a game server lets players in by join tickets: the example, and what the game's file does for it. */

const REDEEM = EXTERNAL_PREFIX + EXTERNAL_PATHS.join;

async function listening(t: TestContext, server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function join(at: string, ticket: unknown): Promise<{ readonly status: number; readonly body: Readonly<Record<string, unknown>> }> {
  const answer = await fetch(`${at}/join`, { method: 'POST', body: JSON.stringify({ ticket }) });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

const sit = (at: string, seat: unknown) => fetch(`${at}/me`, { headers: { authorization: `Bearer ${String(seat)}` } });

/** The example at a Portico that listens, with something in front that can break. */
async function arena(world: World, t: TestContext) {
  await world.app.listen({ host: '127.0.0.1', port: 0 });
  const front = await startFront((world.app.server.address() as AddressInfo).port);
  t.after(() => front.close());
  const start = async (id: string) => {
    const { secret } = await addSite(world, id);
    const options = { issuer: front.origin, clientId: id, clientSecret: secret ?? '', now: world.clock.now };
    return listening(t, createGameServer(options));
  };
  const ada = await world.signedUp('ada@example.com');
  const ticket = async (id: Site['id']) => (await ada.act('myJoinTicket', { clientId: id })).body['ticket'];
  return { front, start, ada, ticket };
}

inWorld('a game server gives a seat for a ticket, once; of twenty at once one', async (world, t) => {
  const { start, ticket } = await arena(world, t);
  const at = await start('arena');
  const first = await ticket('arena');
  const joined = await join(at, first);
  assert.deepEqual([joined.status, joined.body['expiresIn']], [200, 300]);
  assert.equal((await sit(at, joined.body['seat'])).status, 200);
  assert.deepEqual((await join(at, first)).body, { error: 'ticket_refused' });
  const second = await ticket('arena');
  const crowd = await Promise.all(Array.from({ length: 20 }, () => join(at, second)));
  assert.equal(crowd.filter(({ status }) => status === 200).length, 1);
  assert.equal((await sit(at, joined.body['seat'])).status, 401, 'a player has one seat');
  assert.equal((await sit(at, 'x')).status, 401);
});

inWorld('a ticket for another server, one that is too old, one from before a sign-out, and garbage give no seat', async (world, t) => {
  const { start, ticket, ada } = await arena(world, t);
  const [at, other] = [await start('arena'), await start('other')];
  assert.deepEqual(await join(other, await ticket('arena')), { status: 403, body: { error: 'ticket_refused' } });
  const late = await ticket('arena');
  world.clock.advance(TICKET_LIFE + 5000);
  assert.equal((await join(at, late)).status, 403);
  for (const wrong of ['x', '']) assert.ok([403, 503].includes((await join(at, wrong)).status));
  for (const wrong of [undefined, 7, 'x'.repeat(5000)]) assert.equal((await join(at, wrong)).status, 400);
  assert.equal((await fetch(`${at}/join`, { method: 'POST', body: '{' })).status, 400);
  const before = await ticket('arena');
  await ada.act('signOut');
  assert.equal((await join(at, before)).status, 403);
});

inWorld('an answer that is lost gives no seat and no second try; another ticket does', async (world, t) => {
  const { front, start, ticket } = await arena(world, t);
  const at = await start('arena');
  front.break('', REDEEM, 'lose');
  const lost = await ticket('arena');
  assert.deepEqual(await join(at, lost), { status: 503, body: { error: 'unavailable' } });
  assert.equal(front.wentTo(REDEEM), 1);
  assert.equal((await join(at, lost)).status, 403, 'it was spent');
  assert.equal((await join(at, await ticket('arena'))).status, 200);
  assert.equal((await actions(world)).filter((action) => action === 'ticket.replayed').length, 1);
  await setClientDisabled(world.deps.db, 'arena', 1);
  assert.equal((await join(at, 'x')).status, 503, 'a server that Portico does not know any more says nothing about its players');
});

inWorld('a seat is over after five minutes, and another ticket gives another one', async (world, t) => {
  const { start, ticket, ada } = await arena(world, t);
  const at = await start('arena');
  const { seat } = (await join(at, await ticket('arena'))).body;
  world.clock.advance(299_000);
  assert.equal((await sit(at, seat)).status, 200);
  world.clock.advance(1000);
  assert.equal((await sit(at, seat)).status, 401);
  await ada.refresh();
  const next = (await join(at, await ticket('arena'))).body['seat'];
  assert.equal((await sit(at, next)).status, 200);
});

describe('a game', { concurrency: true }, () => {
  let stage: Stage;
  before(async () => {
    stage = await openStage();
  });
  after(() => stage.close());

  for (const engine of [csharp, godot]) {
    const { name, skip } = engine;
    test(`${name}: is let in by its own server with a ticket, also when its token was revoked meanwhile, and by no other`, {
      skip,
    }, async (t) => {
      const game = await stage.play(t, engine, 'joining');
      await signIn(stage, game.player);
      const registered = await stage.portico.add({ id: `${game.id}-server`, kind: 'machine', audiences: [game.id] });
      const options = { issuer: stage.front.origin, clientId: registered.id, clientSecret: registered.secret };
      const at = await listening(t, createGameServer(options));
      const { status, body } = await join(at, await game.player.do(`join ${registered.id}`));
      assert.equal(status, 200);
      const { id } = (await game.player.do('who')) as { readonly id: string };
      assert.deepEqual(body['player'], { id, name: '' }, 'a machine is told nothing but the id');
      assert.equal(await game.player.refusal(`join ${game.id}`), 'refused not_found');
      stage.front.break(game.id, JOIN, { status: 401, body: '{"error":"signed_out"}' });
      assert.equal((await join(at, await game.player.do(`join ${registered.id}`))).status, 200);
      stage.front.break(game.id, JOIN, { status: 503, body: '{"error":"unavailable"}' }, { always: true });
      assert.equal(await game.player.refusal(`join ${registered.id}`), 'trouble unavailable');
      stage.front.mend(game.id);
    });
  }
});
