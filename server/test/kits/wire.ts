/** The wire between a site and Portico, with a hand on it. */
export interface HandOnTheWire {
  readonly fetch: typeof fetch;
  /** Paths of the requests, as they came. */
  readonly asked: string[];
  /** Until it is called again nothing passes, and what is open is cut. */
  cut(isCut: boolean): void;
  /** Nothing passes to these paths. */
  block(paths: readonly string[]): void;
  /** The next request to this path is served, and its answer gets lost. */
  loseAnswerOf(path: string): void;
  /** Requests that are on their way wait until this many are there. */
  gather(path: string, count: number): void;
}

export function handOnTheWire(): HandOnTheWire {
  let isCut = false;
  let blocked: readonly string[] = [];
  let losing = '';
  let gathering = { path: '', count: 0, waiting: [] as (() => void)[] };
  const open = new Set<AbortController>();
  const asked: string[] = [];
  return {
    asked,
    cut: (cut) => {
      isCut = cut;
      if (cut) for (const each of open) each.abort();
    },
    block: (paths) => {
      blocked = paths;
    },
    loseAnswerOf: (path) => {
      losing = path;
    },
    gather: (path, count) => {
      gathering = { path, count, waiting: [] };
    },
    fetch: async (input, init) => {
      const { pathname } = new URL(input instanceof Request ? input.url : input);
      asked.push(pathname);
      if (isCut || blocked.includes(pathname)) throw new TypeError('fetch failed');
      if (pathname === gathering.path && gathering.count > 0) {
        gathering.count -= 1;
        const { count, waiting } = gathering;
        if (count > 0) await new Promise<void>((resolve) => waiting.push(resolve));
        else for (const go of waiting.splice(0)) go();
      }
      const stop = new AbortController();
      open.add(stop);
      const signal = AbortSignal.any([stop.signal, ...(init?.signal == null ? [] : [init.signal])]);
      const answer = await fetch(input, { ...init, signal });
      if (pathname !== losing) return answer;
      losing = '';
      await answer.arrayBuffer();
      throw new TypeError('fetch failed');
    },
  };
}
