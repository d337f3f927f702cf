import { createSite } from './site.ts';

/** `ISSUER=http://localhost:4000 CLIENT_ID=notes CLIENT_SECRET=pts_… node examples/client-site/src/main.ts` */

const { ISSUER = 'http://localhost:4000', CLIENT_ID = '', CLIENT_SECRET = '', JWT_SECRET, PORT = '5001' } = process.env;
const { BASE_URL = `http://127.0.0.1:${PORT}` } = process.env;
if (CLIENT_ID === '' || CLIENT_SECRET === '') throw new Error('CLIENT_ID and CLIENT_SECRET are what "portico client add" printed');

const { server } = createSite({
  issuer: ISSUER,
  clientId: CLIENT_ID,
  clientSecret: CLIENT_SECRET,
  baseUrl: BASE_URL,
  ...(JWT_SECRET === undefined ? {} : { jwtSecret: JWT_SECRET }),
});
server.listen(Number(PORT), '127.0.0.1', () => console.log(`${CLIENT_ID} is at ${BASE_URL}, its callback at ${BASE_URL}/auth/callback`));
