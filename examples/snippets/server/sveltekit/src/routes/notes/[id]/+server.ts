import { requireUser } from '@portico/server/sveltekit';
import type { RequestHandler } from './$types';

export const DELETE: RequestHandler = async (event) => {
  const user = await requireUser(event, { role: 'editor', fresh: '5m', revocation: 'reject' });
  return Response.json({ deletedBy: user.id });
};
