import { site } from './portico.ts';

export async function GET(request: Request) {
  const headers = new Headers();
  try {
    const visit = await site.user(request);
    for (const line of visit.cookies) headers.append('set-cookie', line);
    return Response.json(await visit.require(), { headers });
  } catch (error) {
    const refused = site.refused(error);
    for (const line of headers.getSetCookie()) refused.headers.append('set-cookie', line);
    return refused;
  }
}
