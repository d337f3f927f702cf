import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPortico } from './portico.ts';
import { createSessionState } from './session-state.ts';

test('on a server that renders there is nobody, nothing is asked, and nothing keeps the process alive', async (t) => {
  const { fetch } = globalThis;
  t.after(() => {
    globalThis.fetch = fetch;
  });
  globalThis.fetch = () => assert.fail('asked');
  const portico = createPortico({ issuer: 'https://auth.example.com', clientId: 'x' });
  await portico.ready;
  assert.deepEqual(portico.session, { status: 'loading', user: null, expiresAt: null, verifyUrl: null });
  assert.equal(portico.getCsrfToken(), null);
});

test('a session is a new object when something changes, and only then; its user too', (t) => {
  const state = createSessionState();
  const heard: unknown[] = [];
  Object.assign(globalThis, { reportError: (error: unknown) => heard.push(error) });
  t.after(() => Reflect.deleteProperty(globalThis, 'reportError'));
  const broken = new Error('a listener that fails');
  state.subscribe(() => {
    throw broken;
  });
  const stop = state.subscribe((session) => heard.push(session.status));
  const ada = { id: 'ada', roles: ['player'] };
  state.set({ status: 'signed-in', user: ada });
  const first = state.get();
  state.set({ status: 'signed-in', user: { id: 'ada', roles: ['player'] } });
  assert.equal(state.get(), first);
  state.set({ expiresAt: 5 });
  assert.notEqual(state.get(), first);
  assert.equal(state.get().user, ada);
  stop();
  state.set({ status: 'offline' });
  assert.deepEqual(heard, [broken, 'signed-in', broken, 'signed-in', broken]);
});
