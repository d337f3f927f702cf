import assert from 'node:assert/strict';
import { test } from 'node:test';
import { authPath } from '@portico/protocol/routes';
import { createFakeApi, type FakeApi, refreshesOf, refused } from '../test/fake-api.ts';
import { createChannel, openTab } from '../test/fake-tabs.ts';

/** Many tabs, one cookie jar: who may spoil whose session. */
const ME = authPath('me');

/** A network that keeps its answers back until they are released. */
function createSlowApi(): { readonly api: FakeApi; release(): void } {
  let slow = true;
  let release = (): void => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const api = createFakeApi(async (deliver) => {
    const reply = deliver();
    if (slow) await released;
    return reply;
  });
  return {
    api,
    release: () => {
      slow = false;
      release();
    },
  };
}

test('twenty tabs that wake at once, without locks or messages, send one attempt and all stay signed in', async () => {
  const api = createFakeApi();
  const attempts = new Map<number, string>();
  const answers = await Promise.all(Array.from({ length: 20 }, () => openTab(api, attempts).refresh()));
  assert.ok(answers.every((answer) => answer.ok));
  assert.equal(new Set(refreshesOf(api)).size, 1);
  assert.equal(api.family.gen, 1);
});

test('two refreshes of one tab are one request', async () => {
  const api = createFakeApi();
  const tab = openTab(api);
  await Promise.all([tab.refresh(), tab.refresh()]);
  assert.equal(refreshesOf(api).length, 1);
});

test('a refresh that returns after sign-out brings nothing back', async () => {
  const { api, release } = createSlowApi();
  const tab = openTab(api);
  const refreshing = tab.refresh();
  await new Promise(setImmediate);
  const leaving = tab.signOut(false);
  release();
  assert.ok((await leaving).ok);
  const late = await refreshing;
  assert.ok(!late.ok && late.trouble.error === 'dropped');
  assert.equal(api.jar.gen, null);
  const after = await tab.call('GET', ME);
  assert.ok(!after.ok && after.trouble.error === 'refresh_invalid');
});

test('a sign-out in one tab reaches the others, and their tokens are gone', async () => {
  const api = createFakeApi();
  const attempts = new Map<number, string>();
  const channel = createChannel();
  const heard: string[] = [];
  const here = openTab(api, attempts, channel());
  const there = openTab(api, attempts, channel(), () => heard.push('signed out'));
  await there.refresh();
  await here.signOut(false);
  assert.deepEqual(heard, ['signed out']);
  assert.ok(!(await there.call('GET', ME)).ok);
});

test('a call whose answer comes after the sign-out is not shown any more', async () => {
  const { api, release } = createSlowApi();
  const channel = createChannel();
  const tab = openTab(api, new Map(), channel());
  const user = { id: 'ada', email: 'ada@example.com', displayName: 'Ada', role: 'user' } as const;
  const other = channel();
  other.tell({ kind: 'granted', grant: { accessToken: 'access-9', expiresIn: 300, gen: 9, csrfToken: 'csrf-9', user } });
  const calling = tab.call('GET', ME);
  await new Promise(setImmediate);
  other.tell({ kind: 'signed-out' });
  release();
  const late = await calling;
  assert.ok(!late.ok && late.trouble.error === 'dropped');
});

test('a sign-out stops the refreshes of all tabs before it is sent, not after', async () => {
  const { api, release } = createSlowApi();
  const channel = createChannel();
  const there = openTab(api, new Map(), channel());
  const here = openTab(api, new Map(), channel());
  const refreshing = there.refresh();
  await new Promise(setImmediate);
  const leaving = here.signOut(false);
  release();
  const late = await refreshing;
  assert.ok(!late.ok && late.trouble.error === 'dropped');
  assert.ok((await leaving).ok);
  assert.equal(api.jar.gen, null);
});

test('a sign-in that begins in another tab drops the refresh under way, and the next one is made with the new cookie', async () => {
  const { api, release } = createSlowApi();
  const channel = createChannel();
  const tab = openTab(api, new Map(), channel());
  const refreshing = tab.refresh();
  await new Promise(setImmediate);
  channel().tell({ kind: 'turning' });
  release();
  const late = await refreshing;
  assert.ok(!late.ok && late.trouble.error === 'dropped');
  assert.equal(api.jar.gen, 0, 'its cookie came too late');
  assert.ok((await tab.refresh()).ok);
});

test('a tab that finds another tab refreshing takes its news and sends nothing', async () => {
  const api = createFakeApi();
  const channel = createChannel();
  const attempts = new Map<number, string>();
  const patience = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 100));
  const waiting = openTab(api, attempts, { ...channel(), exclusively: async () => null, wait: patience });
  const working = openTab(api, attempts, channel());
  const pending = waiting.refresh();
  await working.refresh();
  const answer = await pending;
  assert.ok(answer.ok && answer.body.accessToken === 'access-1');
  assert.equal(refreshesOf(api).length, 1);
});

test('a tab that fell asleep with the lock stops nobody', async () => {
  const api = createFakeApi();
  assert.ok((await openTab(api, new Map(), { exclusively: async () => null }).refresh()).ok);
});

test('when somebody else signed in meanwhile, a call is not made in their name', async () => {
  const api = createFakeApi();
  const tab = openTab(api);
  await tab.refresh();
  api.userId = 'eve';
  api.other = () => refused(401, 'signed_out');
  const answer = await tab.call('DELETE', authPath('mySessions'));
  assert.ok(!answer.ok && answer.trouble.error === 'user_changed');
  assert.equal(api.requests.filter(({ method }) => method === 'DELETE').length, 1);
});

test('a hundred histories of four tabs on a bad network never look like a thief', async () => {
  for (let seed = 1; seed <= 100; seed += 1) await runHistory(seed, new Map());
});

test('the same histories without a shared attempt store do look like a thief, so the test before can fail', async () => {
  const outcomes: string[] = [];
  for (let seed = 1; seed <= 100; seed += 1) {
    await runHistory(seed, null).catch(() => outcomes.push('held'));
  }
  assert.ok(outcomes.length > 10);
});

/** Four tabs refresh again and again; questions and answers are late, overtake each other or get lost. Null: each tab keeps its own attempts. */
async function runHistory(seed: number, shared: Map<number, string> | null): Promise<void> {
  const random = createRandom(seed);
  let lossy = true;
  const late = async (): Promise<void> => {
    for (let turns = Math.floor(random() * 6); turns > 0; turns -= 1) await new Promise(setImmediate);
  };
  const api = createFakeApi(async (deliver) => {
    await late();
    if (lossy && random() < 0.15) throw new TypeError('the question is lost');
    const reply = deliver();
    await late();
    if (lossy && random() < 0.25) throw new TypeError('the answer is lost');
    return reply;
  });
  const changes = random() < 0.5 ? {} : { readGeneration: () => null };
  const tabs = Array.from({ length: 4 }, () => openTab(api, shared ?? new Map(), changes));
  await Promise.all(
    tabs.map(async (tab) => {
      for (let round = 0; round < 6; round += 1) {
        await late();
        await tab.refresh();
      }
    }),
  );
  lossy = false;
  assert.equal(api.family.state, 'active', `seed ${seed}`);
  for (const tab of tabs) assert.ok((await tab.refresh()).ok, `seed ${seed}`);
}

function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
