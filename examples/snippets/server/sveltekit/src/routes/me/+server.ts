import { requireUser } from '@portico/server/sveltekit';
import type { RequestHandler } from './$types';

export const GET: RequestHandler = async (event) => {
  const user = await requireUser(event);
  return Response.json({ id: user.id });
};
