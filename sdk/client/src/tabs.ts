import type { Grant } from './mode.ts';

/** What tabs tell each other. Only to save requests: a message that is lost or late changes nothing for ever. */
export type News =
  /** `at`: epoch milliseconds by this machine's own clock. */
  | { readonly kind: 'granted'; readonly grant: Grant; readonly at: number }
  /** A sign-in or sign-out begins: what is under way belongs to the past. */
  | { readonly kind: 'turning' }
  | { readonly kind: 'signed-out' };

export interface Tabs {
  /** Whether news arrives at all. */
  readonly linked: boolean;
  tell(news: News): void;
  /** Null: another tab is at it. Never waits. */
  exclusively<T>(work: () => Promise<T>): Promise<T | null>;
  close(): void;
}

export function openTabs(scope: string, inBrowser: boolean, hear: (news: News) => void): Tabs {
  const channel = inBrowser ? openChannel(scope) : null;
  channel?.addEventListener('message', ({ data }: MessageEvent<News>) => hear(data));
  let open = true;
  return {
    linked: channel !== null,
    tell: (news) => {
      if (open) channel?.postMessage(news);
    },
    exclusively: async (work) => {
      let begun = false;
      try {
        return await navigator.locks.request(`portico ${scope}`, { ifAvailable: true }, (lock) => {
          if (lock === null) return null;
          begun = true;
          return work();
        });
      } catch (error) {
        // Old browsers and locked-down ones have no locks: then each tab asks for itself.
        if (begun) throw error;
        return work();
      }
    },
    close: () => {
      open = false;
      channel?.close();
    },
  };
}

/** Old browsers and locked-down ones have none. */
function openChannel(scope: string): BroadcastChannel | null {
  try {
    return new BroadcastChannel(`portico ${scope}`);
  } catch {
    return null;
  }
}
