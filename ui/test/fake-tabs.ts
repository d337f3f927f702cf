import { createSession, type News, type Session, type World } from '../src/session.ts';
import type { FakeApi } from './fake-api.ts';

/** A tab of the browser whose jar the API keeps. Without locks and messages, which only save requests. */
export function openTab(api: FakeApi, attempts = new Map<number, string>(), changes: Partial<World> = {}, onSignedOut = () => {}): Session {
  const world: World = {
    send: (url, init) => api.send(url, init),
    readGeneration: () => api.jar.gen,
    claimAttempt: async (generation) => {
      const attempt = attempts.get(generation) ?? `${generation}.${crypto.randomUUID()}`;
      attempts.set(generation, attempt);
      return attempt;
    },
    exclusively: (work) => work(),
    tell: () => {},
    listen: () => {},
    elapsed: () => 0,
    wait: async () => {},
    ...changes,
  };
  return createSession(world, { apiOrigin: '', csrfToken: null, userId: null, onSignedOut });
}

/** A channel among tabs that delivers at once, as BroadcastChannel does: never to the sender. */
export function createChannel(): () => Pick<World, 'tell' | 'listen'> {
  const ears: { readonly tab: number; readonly hear: (news: News) => void }[] = [];
  let tabs = 0;
  return () => {
    tabs += 1;
    const tab = tabs;
    return {
      tell: (news) => {
        for (const ear of ears) if (ear.tab !== tab) ear.hear(news);
      },
      listen: (hear) => {
        ears.push({ tab, hear });
      },
    };
  };
}
