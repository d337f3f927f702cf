import { createVerifier, PorticoError, type VerifiedUser } from '@portico/server';

const verifier = createVerifier({
  issuer: process.env['PORTICO_ISSUER'] ?? 'http://localhost:4000',
  audience: 'notes', // the client id of this site
  clientSecret: process.env['PORTICO_CLIENT_SECRET'] ?? '',
});
const anybody = verifier.guard();
const editor = verifier.guard({ role: 'editor', fresh: '5m', revocation: 'reject' });

/** For whatever serves the web's own `Request` and `Response`. */
export async function handle(request: Request): Promise<Response> {
  try {
    if (request.method === 'DELETE') return deleteNote(await editor(request));
    const user = await anybody(request);
    return Response.json({ id: user.id });
  } catch (error) {
    if (!(error instanceof PorticoError)) throw error;
    return error.toResponse();
  }
}

function deleteNote(user: VerifiedUser): Response {
  return Response.json({ deletedBy: user.id });
}
