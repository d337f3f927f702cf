import { createPortico, type PorticoSession } from '@portico/client';
import { createVerifier, PorticoError, type VerifiedUser } from '@portico/server';
import { portico } from '@portico/server/fastify';
import Fastify from 'fastify';

const verifier = createVerifier({ issuer: 'http://localhost:4000', audience: 'notes', revocation: 'accept' });
export const user: VerifiedUser = await verifier.verify(new Request('http://localhost/'), { fresh: '5m' });
export const roles: readonly string[] = user.roles;
export const status = (error: unknown): number | null => (error instanceof PorticoError ? error.status : null);
// @ts-expect-error There is no such mode.
createVerifier({ issuer: 'http://localhost:4000', audience: 'notes', revocation: 'maybe' });

const app = Fastify();
await app.register(portico, { issuer: 'http://localhost:4000', audience: 'notes' });
app.get('/me', { preHandler: app.requireUser({ role: 'editor' }) }, (request) => request.user?.id);

const signIn = createPortico({ issuer: 'http://localhost:4000', clientId: 'notes' });
export const session: PorticoSession = signIn.session;
export const scores: Response = await signIn.fetch('/api/scores');
export const name: string | undefined = session.user?.displayName;
await signIn.signIn({ returnTo: '/scores' });
// @ts-expect-error There is no such mode.
createPortico({ issuer: 'http://localhost:4000', clientId: 'notes', mode: 'token' });

export type { useSession as useReactSession } from '@portico/client/react';
export type { useSession as useSvelteSession } from '@portico/client/svelte';
export type * as express from '@portico/server/express';
export type * as hono from '@portico/server/hono';
export type * as secondary from '@portico/server/secondary';
export type * as site from '@portico/server/site';
export type * as siteForExpress from '@portico/server/site/express';
export type * as siteForFastify from '@portico/server/site/fastify';
export type * as siteForHono from '@portico/server/site/hono';
export type * as siteForNode from '@portico/server/site/node';
export type * as siteForSvelteKit from '@portico/server/site/sveltekit';
export type * as sveltekit from '@portico/server/sveltekit';
