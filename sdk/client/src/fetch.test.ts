import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFetch, type Held } from './fetch.ts';

/** What Chromium cannot show over HTTP/1.1: bodies that are streams. */

const HERE = 'https://app.example.com';

/** The platform’s fetch, which answers 401 to everything, and a session that has another token each time. */
function stage(t: { after(end: () => void): void }): {
  readonly send: typeof globalThis.fetch;
  readonly sent: string[];
  readonly renewals: () => number;
} {
  const { fetch } = globalThis;
  const sent: string[] = [];
  let renewals = 0;
  Object.assign(globalThis, { location: new URL(HERE) });
  globalThis.fetch = async (input) => {
    const request = input as Request;
    sent.push(`${request.headers.get('authorization')} ${await request.text()}`);
    return new Response('refused', { status: 401 });
  };
  t.after(() => {
    globalThis.fetch = fetch;
    Reflect.deleteProperty(globalThis, 'location');
  });
  const held = (): Held => ({ token: `t${renewals}`, userId: 'ada' });
  return {
    sent,
    renewals: () => renewals,
    send: createFetch({
      userId: () => 'ada',
      living: () => Promise.resolve(held()),
      renewed: () => {
        renewals += 1;
        return Promise.resolve(held());
      },
      origins: [],
    }),
  };
}

const stream = () =>
  new ReadableStream({
    start: (controller) => {
      controller.enqueue(new TextEncoder().encode('once'));
      controller.close();
    },
  });

test('a stream is sent once; its 401 is the answer, and the next request has another token', async (t) => {
  const { send, sent, renewals } = stage(t);
  const answer = await send(`${HERE}/api`, { method: 'POST', body: stream(), duplex: 'half' } as RequestInit);
  assert.deepEqual([answer.status, await answer.text()], [401, 'refused']);
  assert.deepEqual(sent, ['Bearer t0 once']);
  assert.equal(renewals(), 1);
});

test('a Request is sent again from a copy, with the same body', async (t) => {
  const { send, sent } = stage(t);
  const request = new Request(`${HERE}/api`, { method: 'POST', body: stream(), duplex: 'half' } as RequestInit);
  assert.equal((await send(request)).status, 401);
  assert.deepEqual(sent, ['Bearer t0 once', 'Bearer t1 once']);
  assert.equal(request.bodyUsed, true, 'as with the platform’s own');
});
