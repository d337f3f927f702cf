import { porticoSite, type SiteOptions } from '@portico/server/site/fastify';
import type { FastifyInstance } from 'fastify';

interface Line {
  readonly userId: string;
  readonly by: string;
  readonly text: string;
}

interface Options {
  readonly portico: SiteOptions;
  /** A wiki, which everybody reads; else notes, each its writer's own. */
  readonly isShared: boolean;
}

/** What strangers may fill of the memory. */
const KEPT = 200;
const TEXT_MAX = 200;

/** A site with a backend: the kit mounts its sign-in, and every route of its own is guarded by one line. Kept as long as the process lives. */
export async function registerSite(app: FastifyInstance, { portico, isShared }: Options): Promise<void> {
  const lines: Line[] = [];
  await app.register(porticoSite, portico);
  const signedIn = { preHandler: app.porticoSite.requireUser() };
  app.get('/api/me', signedIn, ({ siteUser: { id, roles, displayName } }) => ({ id, roles, displayName }));
  if (isShared) app.get('/api/lines', () => lines.map(({ by, text }) => ({ by, text })));
  else
    app.get('/api/lines', signedIn, ({ siteUser }) => lines.filter(({ userId }) => userId === siteUser.id).map(({ text }) => ({ text })));
  app.post('/api/lines', signedIn, ({ siteUser, body }, reply) => {
    const text = textOf(body);
    if (text === null) return reply.code(400).send({ error: 'invalid_fields' });
    lines.push({ userId: siteUser.id, by: siteUser.displayName || 'somebody', text });
    if (lines.length > KEPT) lines.shift();
    return reply.code(201).send({ text });
  });
}

function textOf(body: unknown): string | null {
  const text = typeof body === 'object' && body !== null && 'text' in body ? body.text : null;
  return typeof text === 'string' && text.trim() !== '' && text.length <= TEXT_MAX ? text.trim() : null;
}
