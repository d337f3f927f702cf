import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { STALE_AFTER } from '@portico/protocol/revocations';
import { EXTERNAL_PATHS, EXTERNAL_PREFIX, REVOCATIONS } from '@portico/protocol/routes';
import { insertRevocation } from '../../src/sessions/revocation.ts';
import { addSite } from '../sites.ts';
import { inWorld } from '../world.ts';
import { listen } from './listener.ts';
import { asked, signInAt, untilAnswered, verifierOf } from './verifiers.ts';

/** The wire between a verifier and Portico, with a hand on it. */
interface Hand {
  readonly fetch: typeof fetch;
  /** Requests by path, as they came. */
  readonly asked: string[];
  /** What is refused from now on, open streams included. */
  block(paths: readonly string[]): void;
  /** Events of this name get lost from now on. */
  loses: string;
  /** Before an event of a stream is handed on. */
  onEvent: (text: string) => void;
}

function handOnTheWire(): Hand {
  let blocked: readonly string[] = [];
  const open = new Set<AbortController>();
  const hand: Hand = {
    asked: [],
    loses: '',
    onEvent: () => undefined,
    block: (paths) => {
      blocked = paths;
      for (const each of open) each.abort();
    },
    fetch: async (input, init) => {
      const { pathname } = new URL(input instanceof Request ? input.url : input);
      hand.asked.push(pathname);
      if (blocked.includes(pathname) || blocked.includes('*')) throw new TypeError('fetch failed');
      if (pathname !== REVOCATIONS.stream) return fetch(input, init);
      const cut = new AbortController();
      open.add(cut);
      const answer = await fetch(input, { ...init, signal: AbortSignal.any([cut.signal, ...(init?.signal == null ? [] : [init.signal])]) });
      const lossy = new TransformStream<Uint8Array, Uint8Array>({
        transform: (piece, controller) => {
          const events = new TextDecoder().decode(piece).split(/(?<=\n\n)/);
          for (const event of events) {
            if (hand.loses !== '' && event.startsWith(`event: ${hand.loses}\n`)) continue;
            hand.onEvent(event);
            controller.enqueue(new TextEncoder().encode(event));
          }
        },
      });
      return new Response(answer.body?.pipeThrough(lossy) ?? null, { status: answer.status, headers: answer.headers });
    },
  };
  return hand;
}

const SESSION = EXTERNAL_PREFIX + EXTERNAL_PATHS.session;
const NEWS = [REVOCATIONS.stream, REVOCATIONS.poll];

inWorld(
  'while nothing is heard, `accept` accepts, `reject` answers 503, and `revalidate` asks Portico once for two seconds',
  async (world) => {
    const site = await addSite(world, 'notes');
    const hand = handOnTheWire();
    const verifier = verifierOf(world, await listen(world.app), site, { fetch: hand.fetch });
    const [ada, bob] = [await world.signedUp('ada@example.com'), await world.signedUp('bob@example.com')];
    const [{ access }, { access: other }] = [await signInAt(world, ada, site), await signInAt(world, bob, site)];
    const answers = async (token: string) =>
      Promise.all(
        (['accept', 'revalidate', 'reject'] as const).map(async (revocation) =>
          (await asked(verifier, token, { revocation })).replace(/^200 .*/, '200'),
        ),
      );
    try {
      await verifier.ready;
      assert.deepEqual(await answers(access), ['200', '200', '200']);
      assert.ok(!hand.asked.includes(SESSION), 'while it hears, nobody is asked');
      hand.block(NEWS);
      assert.deepEqual(await answers(access), ['200', '200', '200'], 'what was heard less than five seconds ago is known');
      world.clock.advance(STALE_AFTER + 1);
      assert.equal(verifier.isFollowing(), false);
      for (let n = 0; n < 20; n += 1) assert.deepEqual(await answers(access), ['200', '200', '503 revocation_unknown']);
      assert.equal(hand.asked.filter((path) => path === SESSION).length, 1);
      await ada.act('signOut');
      world.clock.advance(2001);
      assert.deepEqual(await answers(access), ['200', '401 token_revoked', '503 revocation_unknown']);
      assert.deepEqual(await answers(other), ['200', '200', '503 revocation_unknown']);
      // Nobody answers: that is no reason to sign anybody out.
      hand.block(['*']);
      world.clock.advance(2001);
      for (const token of [access, other])
        assert.deepEqual(await answers(token), ['200', '503 revocation_unknown', '503 revocation_unknown']);
      hand.block([]);
      await untilAnswered('401 token_revoked', () => asked(verifier, access, { revocation: 'accept' }));
      assert.deepEqual(await answers(other), ['200', '200', '200'], 'and all is well again');
    } finally {
      verifier.close();
    }
  },
);

inWorld('a token of a family that ended is refused by `revalidate` too, though its session lives on at the same site', async (world) => {
  const site = await addSite(world, 'notes');
  const hand = handOnTheWire();
  hand.block(NEWS);
  const verifier = verifierOf(world, await listen(world.app), site, { fetch: hand.fetch });
  const ada = await world.signedUp('ada@example.com');
  try {
    const left = await signInAt(world, ada, site);
    assert.equal((await ada.act('mySite', undefined, { method: 'DELETE', params: { clientId: 'notes' } })).status, 204);
    const back = await signInAt(world, ada, site);
    assert.equal(await asked(verifier, left.access), '401 token_revoked');
    assert.match(await asked(verifier, back.access), /^200 /);
  } finally {
    verifier.close();
  }
});

inWorld('a token whose key was dropped is refused by `revalidate` too, though the key is still at hand', async (world) => {
  const site = await addSite(world, 'notes');
  const hand = handOnTheWire();
  hand.block(NEWS);
  const verifier = verifierOf(world, await listen(world.app), site, { fetch: hand.fetch });
  const { access } = await signInAt(world, await world.signedUp('ada@example.com'), site);
  try {
    assert.match(await asked(verifier, access), /^200 /);
    const { kid } = JSON.parse(Buffer.from(access.split('.')[0] ?? '', 'base64url').toString()) as { kid: string };
    const { deps } = world;
    deps.revoked.add(await deps.db.transaction((tx) => insertRevocation(tx, deps, { kind: 'kid', subject: kid, minimumUv: null })));
    world.clock.advance(2001);
    assert.equal(await asked(verifier, access), '401 token_revoked');
  } finally {
    verifier.close();
  }
});

inWorld('an event that gets lost on the way is noticed by the next beat, and everything is told anew', async (world) => {
  const site = await addSite(world, 'notes');
  const hand = handOnTheWire();
  const verifier = verifierOf(world, await listen(world.app), site, { fetch: hand.fetch, revocation: 'reject' });
  const ada = await world.signedUp('ada@example.com');
  const { access } = await signInAt(world, ada, site);
  try {
    await verifier.ready;
    hand.loses = 'more';
    await ada.act('signOut');
    assert.match(await asked(verifier, access), /^200 /, 'it got lost');
    await untilAnswered('401 token_revoked', () => asked(verifier, access));
    assert.ok(hand.asked.filter((path) => path === REVOCATIONS.stream).length > 1);
  } finally {
    verifier.close();
  }
});

inWorld('a beat that was held up on the way is as old as it is, and vouches for nothing', async (world) => {
  const site = await addSite(world, 'notes');
  const hand = handOnTheWire();
  const verifier = verifierOf(world, await listen(world.app), site, { fetch: hand.fetch });
  try {
    await verifier.ready;
    assert.equal(verifier.isFollowing(), true);
    let held = 0;
    hand.onEvent = (event) => {
      if (!event.startsWith('event: beat') || held > 0) return;
      held += 1;
      world.clock.advance(STALE_AFTER + 1000);
    };
    while (held === 0) await sleep(20);
    await sleep(100);
    assert.equal(verifier.isFollowing(), false, 'it was said six seconds ago');
    for (let tries = 0; !verifier.isFollowing(); tries += 1) {
      assert.ok(tries < 1200, 'the next one comes in time');
      await sleep(25);
    }
  } finally {
    verifier.close();
  }
});

inWorld('where no stream comes through, long polls carry the news', async (world) => {
  const site = await addSite(world, 'notes');
  const hand = handOnTheWire();
  hand.block([REVOCATIONS.stream]);
  const said: string[] = [];
  const verifier = verifierOf(world, await listen(world.app), site, {
    fetch: hand.fetch,
    revocation: 'reject',
    warn: (sentence) => said.push(sentence),
  });
  const ada = await world.signedUp('ada@example.com');
  const { access } = await signInAt(world, ada, site);
  try {
    await verifier.ready;
    assert.match(await asked(verifier, access), /^200 /);
    await ada.act('signOut');
    await untilAnswered('401 token_revoked', () => asked(verifier, access));
    assert.ok(verifier.isFollowing());
    assert.ok(!hand.asked.includes(SESSION));
  } finally {
    verifier.close();
  }
});

inWorld('a verifier whose secret is refused says so, and answers 503 where it must know', async (world) => {
  const site = await addSite(world, 'notes');
  const said: string[] = [];
  const verifier = verifierOf(world, await listen(world.app), site, { clientSecret: 'wrong', warn: (sentence) => said.push(sentence) });
  const { access } = await signInAt(world, await world.signedUp('ada@example.com'), site);
  try {
    for (let tries = 0; said.length === 0; tries += 1) {
      assert.ok(tries < 1200);
      await sleep(25);
    }
    assert.match(said[0] ?? '', /refused \(401\)/);
    assert.deepEqual(
      [await asked(verifier, access), (await asked(verifier, access, { revocation: 'accept' })).slice(0, 3)],
      ['503 revocation_unknown', '200'],
    );
  } finally {
    verifier.close();
  }
});
