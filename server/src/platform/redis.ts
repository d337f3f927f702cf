import type { Log } from './log.ts';

/**
 * Redis or Valkey, as far as it is needed: a few keys with an end, and a channel. It may be slow, silent, empty or gone at any moment: then
 * the answer is null, soon, and nothing else changes.
 */
export interface Redis {
  /** The values of these keys; null: nobody answered. */
  read(keys: readonly string[]): Promise<readonly (string | null)[] | null>;
  /** Writes a key that lives for `life` milliseconds. Whether it arrived nobody hears. */
  write(key: string, value: string, life: number): Promise<void>;
  /** Writes a key that lives for `life` milliseconds, and then calls the channel. False: nobody answered. */
  writeAndCall(key: string, value: string, life: number, channel: string): Promise<boolean>;
  /** Calls `hear` when the channel is called, and `missed` when it may have been called unheard. Answers how to stop. */
  listen(channel: string, hear: () => void, missed: () => void): () => void;
  /** Whether it answers now, and how it is called; throws when it does not. For `portico doctor`. */
  ping(): Promise<void>;
  /** What it says of itself (INFO): version, memory, policy. Null: it does not say, or has no time. For `portico doctor`. */
  describe(): Promise<ReadonlyMap<string, string> | null>;
  close(): void;
}

/** What came of one question. `spared`: nobody was asked. */
export type RedisResult = 'answered' | 'silent' | 'failed' | 'spared';

/** A request waits for Redis no longer than this, in milliseconds. */
const ANSWER_WITHIN = 100;
/** After so many silences in a row nobody is asked for a while: a frozen Redis costs a few requests a tenth of a second, not all of them. */
const SILENCES = 3;
const REST = 2000;
const CONNECT_WITHIN = 2000;
const RECONNECT_AFTER_MAX = 2000;
const QUEUE_MAX = 1000;

/** Connects in the background; what is asked before that is answered null. The library is loaded only here. `heard` is told what came of each question. */
export async function openRedis(url: string, log: Log, heard: (result: RedisResult) => void = () => undefined): Promise<Redis> {
  const { createClient } = await import('@redis/client');
  const client = createClient({
    url,
    disableOfflineQueue: true,
    commandsQueueMaxLength: QUEUE_MAX,
    socket: { connectTimeout: CONNECT_WITHIN, reconnectStrategy: (tries) => Math.min(50 * 2 ** tries, RECONNECT_AFTER_MAX) },
  });
  const ears: { destroy(): void }[] = [];
  let silences = 0;
  let restUntil = Number.NEGATIVE_INFINITY;
  let said = false;
  const say = (cause: unknown) => {
    if (!said) log.warn({ err: cause }, 'Redis does not answer; revocations are read from the database');
    said = true;
  };
  client.on('error', say);
  client.on('ready', () => (said = false));
  client.connect().catch(say);

  async function ask<T>(command: () => Promise<T>): Promise<T | null> {
    if (!client.isReady || performance.now() < restUntil) {
      heard('spared');
      return null;
    }
    const late = Promise.withResolvers<null>();
    const timer = setTimeout(() => late.resolve(null), ANSWER_WITHIN);
    try {
      const answer = await Promise.race([command(), late.promise]);
      silences = answer === null ? silences + 1 : 0;
      heard(answer === null ? 'silent' : 'answered');
      return answer;
    } catch (cause) {
      silences += 1;
      heard('failed');
      say(cause);
      return null;
    } finally {
      clearTimeout(timer);
      if (silences >= SILENCES) {
        silences = 0;
        restUntil = performance.now() + REST;
        say(new Error(`no answer within ${ANSWER_WITHIN} ms`));
      }
    }
  }

  return {
    read: (keys) => ask(() => client.mGet([...keys])),
    write: async (key, value, life) => {
      await ask(() => client.set(key, value, { PX: life }));
    },
    writeAndCall: async (key, value, life, channel) =>
      (await ask(() => client.multi().set(key, value, { PX: life }).publish(channel, '').exec())) !== null,
    listen: (channel, hear, missed) => {
      const ear = client.duplicate();
      ear.on('error', say);
      // Also after each reconnection: meanwhile it was called unheard.
      ear.on('ready', missed);
      ear
        .connect()
        .then(() => ear.subscribe(channel, hear))
        .catch(say);
      ears.push(ear);
      return () => ear.destroy();
    },
    ping: async () => {
      const late = AbortSignal.timeout(CONNECT_WITHIN);
      while (!client.isReady) {
        late.throwIfAborted();
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      if ((await ask(() => client.ping())) === null) throw new Error(`no answer within ${ANSWER_WITHIN} ms`);
    },
    describe: async () => {
      const text = await ask(() => client.info());
      if (text === null) return null;
      return new Map([...text.matchAll(/^(\w+):(.*?)\r?$/gm)].map(([, name = '', value = '']) => [name, value]));
    },
    close: () => {
      for (const each of [client, ...ears]) {
        try {
          each.destroy();
        } catch {
          // It never was open, or is closed already.
        }
      }
    },
  };
}
