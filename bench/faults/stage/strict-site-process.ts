/** A protected site: `/revalidate` and `/reject` open to whom `@portico/server` lets in, in that mode. Its settings come as one argument. */
import { createServer } from 'node:http';
import { createVerifier, PorticoError, type VerifierOptions } from '@portico/server';

const options = JSON.parse(process.argv[2] ?? '{}') as VerifierOptions;
const verifier = createVerifier({ ...options, warn: () => undefined });

const server = createServer((request, response) => {
  const mode = request.url === '/reject' ? 'reject' : 'revalidate';
  const asker = new Request('http://site.example/', { headers: { authorization: request.headers.authorization ?? '' } });
  verifier.verify(asker, { revocation: mode }).then(
    (user) => response.writeHead(200, { 'content-type': 'text/plain' }).end(user.id),
    (error: unknown) => {
      if (!(error instanceof PorticoError)) throw error;
      response.writeHead(error.status, { 'content-type': 'text/plain' }).end(error.code);
    },
  );
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.send?.({ port: typeof address === 'object' && address !== null ? address.port : 0 });
});
process.on('disconnect', () => process.exit(0));
