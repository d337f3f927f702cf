import { site } from './portico.ts';

const handle = async (request: Request) => (await site.handle(request)) ?? new Response(null, { status: 404 });

export { handle as GET, handle as POST };
