import { requireUser } from './portico.ts';

export const GET = async (event) => Response.json(await requireUser(event));
