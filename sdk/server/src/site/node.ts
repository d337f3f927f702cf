import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Needs } from '../needs.ts';
import { addCookies, sendResponse, toRequest } from '../node-http.ts';
import type { PorticoSite } from './site.ts';
import { createCookieTaker, type SiteVisitor, type Visit } from './visit.ts';

/** A site on plain Node, and on what is built on its requests. */
export interface NodeSite {
  /** True: the request was one of the site's own, and is answered. */
  handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<boolean>;
  /** Who asks; the cookies are put on the answer. Null: nothing can be known, and the request is answered. */
  user(incoming: IncomingMessage, outgoing: ServerResponse): Promise<Visit | null>;
  /** The user, if the request may do what needs this. Null: it may not, and is answered. */
  requireUser(incoming: IncomingMessage, outgoing: ServerResponse, needs?: Needs): Promise<SiteVisitor | null>;
}

export function siteForNode(site: PorticoSite): NodeSite {
  const cookiesOf = createCookieTaker();
  const requests = new WeakMap<IncomingMessage, Request>();
  const visitOf = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<Visit> => {
    const request = requests.get(incoming) ?? toRequest(incoming, site.origin) ?? new Request(site.origin);
    requests.set(incoming, request);
    const visit = await site.user(request);
    addCookies(outgoing, cookiesOf(visit));
    return visit;
  };
  const orAnswer = async <Found>(outgoing: ServerResponse, find: () => Promise<Found>): Promise<Found | null> => {
    try {
      return await find();
    } catch (error) {
      await sendResponse(site.refused(error), outgoing);
      return null;
    }
  };
  return {
    handle: async (incoming, outgoing) => {
      const request = toRequest(incoming, site.origin);
      const response = request === null ? null : await site.handle(request);
      if (response !== null) await sendResponse(response, outgoing);
      return response !== null;
    },
    user: (incoming, outgoing) => orAnswer(outgoing, () => visitOf(incoming, outgoing)),
    requireUser: (incoming, outgoing, needs) => orAnswer(outgoing, async () => (await visitOf(incoming, outgoing)).require(needs)),
  };
}
