// The authentication service of the tests: node oidc.mjs PORT
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const PREFIX = '/auth/v3';
const port = Number(process.argv[2]);

const client = (id, more) => ({
  client_id: id,
  client_secret: `${id}-secret`,
  grant_types: ['client_credentials'],
  redirect_uris: [],
  response_types: [],
  ...more,
});
const provider = new Provider(`http://127.0.0.1:${port}${PREFIX}`, {
  clients: [
    client('probe', { scope: 'contacts' }),
    client('probe-post', { token_endpoint_auth_method: 'client_secret_post' }),
    client('no-grant', { grant_types: ['authorization_code'], redirect_uris: ['https://app.test/'], response_types: ['code'] }),
  ],
  cookies: { keys: ['not-a-secret'] },
  features: { clientCredentials: { enabled: true }, devInteractions: { enabled: false } },
  routes: { token: '/oauth/token' },
  scopes: ['contacts'],
  ttl: { ClientCredentials: 600 },
});
const serveProvider = provider.callback();

async function verify(request) {
  const [kind, token] = (request.headers.authorization ?? '').split(' ');
  return kind === 'Bearer' && Boolean(await provider.ClientCredentials.find(token ?? ''));
}

createServer(async (request, response) => {
  if (request.url === `${PREFIX}/ping`) {
    response.setHeader('content-type', 'application/json');
    response.end('{"status":{"code":0}}');
  } else if (request.url === `${PREFIX}/verify`) {
    response.statusCode = (await verify(request)) ? 204 : 401;
    response.end();
  } else if (request.url.startsWith(`${PREFIX}/`)) {
    request.originalUrl = request.url;
    request.url = request.url.slice(PREFIX.length);
    serveProvider(request, response);
  } else {
    response.statusCode = 404;
    response.end();
  }
}).listen(port, '127.0.0.1');
