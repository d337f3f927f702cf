// Sign-in with Portico for games in C#: Unity, MonoGame, Godot .NET, or plain .NET. One file, C# 7, nothing but the standard library.
//
//   var portico = new PorticoClient("https://auth.example.com", "space-snake", new PorticoFileStore(folder));
//   var code = await portico.BeginDevice();                 // show code.UserCode and code.Url, or draw code.Qr()
//   var user = await portico.FinishDevice(code, stop);      // somebody said yes on a phone
//   var token = await portico.AccessToken();                // for your servers; renewed as needed
//   await portico.SignOut();
//
// With a browser on the same machine: var way = await portico.BeginBrowser(); open way.Url; user = await way.Finish(stop).
//
// PorticoTrouble (no network, Portico is away) never signs anybody out: ask again later. PorticoEnded means signed out.
// PorticoRefused: this sign-in was not allowed. Register the game: docs/games.md.
//
// Tried with Debian's Mono 6.8 (mcs, C# 7) on Linux, against a running Portico, in server/test/games. The Unity part at the end was compiled
// against stand-ins of the four Unity types that it names, and never run in Unity. WebGL has no sockets: use @portico/client there.

using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

namespace Portico
{
    public sealed class PorticoUser
    {
        public readonly string Id;
        /// <summary>As it was when they signed in. May be empty.</summary>
        public readonly string Name;

        public PorticoUser(string id, string name)
        {
            Id = id;
            Name = name;
        }
    }

    /// <summary>What went wrong. Code is the server's own, as in docs/errors.md and RFC 6749, or "unreachable", "bad_answer", "not_stored".</summary>
    public abstract class PorticoException : Exception
    {
        public readonly string Code;

        protected PorticoException(string code, string message, Exception cause) : base(message + " (" + code + ")", cause)
        {
            Code = code;
        }
    }

    /// <summary>It could not be found out now. Nobody was signed out; ask again later.</summary>
    public sealed class PorticoTrouble : PorticoException
    {
        /// <summary>Zero: the server did not say.</summary>
        public readonly TimeSpan RetryAfter;

        public PorticoTrouble(string code, Exception cause = null, TimeSpan retryAfter = default(TimeSpan))
            : base(code, "Portico could not be asked", cause)
        {
            RetryAfter = retryAfter;
        }
    }

    /// <summary>Nobody is signed in (any more).</summary>
    public sealed class PorticoEnded : PorticoException
    {
        /// <summary>Where the owner of a held sign-in shows who they are, or null.</summary>
        public readonly string VerifyUrl;

        public PorticoEnded(string code, string verifyUrl = null) : base(code, "signed out", null)
        {
            VerifyUrl = verifyUrl;
        }
    }

    /// <summary>No: access_denied (somebody said no), expired_token (nobody answered), or a mistake in the registration.</summary>
    public sealed class PorticoRefused : PorticoException
    {
        public PorticoRefused(string code) : base(code, "refused", null)
        {
        }
    }

    /// <summary>Where the sign-in is kept between two starts. Several processes may share one.</summary>
    public interface IPorticoStore
    {
        /// <summary>Null: nothing is kept.</summary>
        string Load();

        /// <summary>Replaces what is kept, as a whole or not at all, and does not return before it is safe.</summary>
        void Save(string text);

        /// <summary>
        /// What is kept for this generation of this family of tokens: `proposed` if there was nothing, and it is safe when this returns.
        /// Of parallel callers, in other processes too, all get the same answer.
        /// </summary>
        string Keep(string family, uint generation, string proposed);

        void Clear();
    }

    /// <summary>A device code. Show UserCode with Url, or a picture of Qr().</summary>
    public sealed class PorticoDeviceCode
    {
        public readonly string UserCode;
        public readonly string Url;
        /// <summary>With the code in it; whoever opens it still has to say yes.</summary>
        public readonly string CompleteUrl;
        internal readonly string DeviceCode;
        internal readonly TimeSpan Interval;
        internal readonly Deadline End;

        internal PorticoDeviceCode(Dictionary<string, object> answer)
        {
            UserCode = Json.Text(answer, "user_code");
            Url = Json.Text(answer, "verification_uri");
            CompleteUrl = Json.Text(answer, "verification_uri_complete") ?? Url;
            DeviceCode = Json.Text(answer, "device_code");
            // RFC 8628 3.2: five seconds unless said otherwise.
            Interval = TimeSpan.FromSeconds(Math.Max(1, Json.Number(answer, "interval", 5)));
            End = new Deadline(TimeSpan.FromSeconds(Json.Number(answer, "expires_in", 600)));
        }

        /// <summary>The modules of a QR code of CompleteUrl, [row, column], true is dark. Leave four light modules around it.</summary>
        public bool[,] Qr()
        {
            return PorticoQr.Encode(CompleteUrl);
        }
    }

    public sealed class PorticoClient
    {
        /// <summary>An access token is renewed this long before its end.</summary>
        private static readonly TimeSpan Ahead = TimeSpan.FromSeconds(30);
        private static readonly TimeSpan SlowDown = TimeSpan.FromSeconds(5);
        private const int Retries = 3;

        private readonly string issuer;
        private readonly string clientId;
        private readonly string scope;
        private readonly IPorticoStore store;
        private readonly HttpClient http;
        private readonly SemaphoreSlim gate = new SemaphoreSlim(1, 1);
        private Dictionary<string, object> endpoints;
        private string accessToken;
        private Deadline accessEnd;

        /// <param name="issuer">Portico's address, https (http only on this machine).</param>
        public PorticoClient(string issuer, string clientId, IPorticoStore store, string scope = "openid profile")
        {
            this.issuer = issuer.TrimEnd('/');
            this.clientId = clientId;
            this.scope = scope;
            this.store = store;
            RequireSafe(this.issuer);
            // A redirect would carry tokens to somebody else. Certificates are checked, as is usual.
            http = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false, UseCookies = false });
            http.Timeout = TimeSpan.FromSeconds(20);
            http.MaxResponseContentBufferSize = 1 << 16;
        }

        /// <summary>Who is signed in as far as this machine knows, without asking anybody. Null: nobody.</summary>
        public PorticoUser User
        {
            get
            {
                var kept = Kept.Read(store);
                return kept == null ? null : kept.User;
            }
        }

        /// <summary>Asks for a code that somebody types, or scans, elsewhere (RFC 8628).</summary>
        public async Task<PorticoDeviceCode> BeginDevice(CancellationToken stop = default(CancellationToken))
        {
            var answer = await Post("device_authorization_endpoint", Form("scope", scope), null, stop).ConfigureAwait(false);
            if (answer.Status != 200) throw new PorticoRefused(answer.Error);
            if (Json.Text(answer.Body, "device_code") == null || Json.Text(answer.Body, "user_code") == null) throw new PorticoTrouble("bad_answer");
            return new PorticoDeviceCode(answer.Body);
        }

        /// <summary>Waits until somebody has said yes. Throws PorticoRefused: access_denied, expired_token.</summary>
        public async Task<PorticoUser> FinishDevice(PorticoDeviceCode code, CancellationToken stop = default(CancellationToken))
        {
            var form = Form("grant_type", "urn:ietf:params:oauth:grant-type:device_code", "device_code", code.DeviceCode);
            for (var interval = code.Interval; ;)
            {
                await Task.Delay(interval, stop).ConfigureAwait(false);
                if (code.End.IsOver) throw new PorticoRefused("expired_token");
                Answer answer;
                try
                {
                    answer = await Post("token_endpoint", form, null, stop).ConfigureAwait(false);
                }
                catch (PorticoTrouble)
                {
                    // RFC 8628 3.5: when the network fails, ask less often.
                    interval += SlowDown;
                    continue;
                }
                if (answer.Status == 200) return await Accept(answer.Body, stop).ConfigureAwait(false);
                if (answer.Error == "slow_down") interval += SlowDown;
                else if (answer.Error != "authorization_pending") throw new PorticoRefused(answer.Error);
            }
        }

        /// <summary>Prepares a sign-in by the browser of this machine (RFC 8252): open Url, then wait for Finish.</summary>
        public async Task<PorticoBrowserSignIn> BeginBrowser(CancellationToken stop = default(CancellationToken))
        {
            var to = await Endpoint("authorization_endpoint", stop).ConfigureAwait(false);
            return new PorticoBrowserSignIn(this, issuer, clientId, scope, to);
        }

        internal async Task<PorticoUser> Redeem(string code, string redirectUri, string verifier, CancellationToken stop)
        {
            var form = Form("grant_type", "authorization_code", "code", code, "redirect_uri", redirectUri, "code_verifier", verifier);
            var answer = await Post("token_endpoint", form, null, stop).ConfigureAwait(false);
            if (answer.Status != 200) throw new PorticoRefused(answer.Error);
            return await Accept(answer.Body, stop).ConfigureAwait(false);
        }

        /// <summary>
        /// A token for your servers, good for at least some seconds. Give the one that a server answered with 401, and another one is fetched.
        /// </summary>
        public async Task<string> AccessToken(string refused = null, CancellationToken stop = default(CancellationToken))
        {
            await gate.WaitAsync(stop).ConfigureAwait(false);
            try
            {
                var usable = accessToken != null && accessToken != refused && !accessEnd.IsOver ? accessToken : null;
                if (usable != null && accessEnd.Left > Ahead) return usable;
                try
                {
                    await Refresh(stop).ConfigureAwait(false);
                }
                catch (PorticoTrouble)
                {
                    if (usable == null) throw;
                }
                catch (Exception cause) when (cause is IOException || cause is UnauthorizedAccessException)
                {
                    // What cannot be kept is not sent, so nothing was lost.
                    if (usable == null) throw new PorticoTrouble("not_stored", cause);
                }
                return accessToken;
            }
            finally
            {
                gate.Release();
            }
        }

        /// <summary>A ticket with which the game server `server` lets this player in, once, within a minute.</summary>
        public async Task<string> JoinTicket(string server, CancellationToken stop = default(CancellationToken))
        {
            string token = null;
            for (var tries = 0; ; tries++)
            {
                token = await AccessToken(token, stop).ConfigureAwait(false);
                var content = new StringContent("{\"clientId\":" + Json.Quote(server) + "}", Encoding.UTF8, "application/json");
                var address = await Api("/me/join-ticket", stop).ConfigureAwait(false);
                var answer = await Send(HttpMethod.Post, address, content, "Authorization", "Bearer " + token, stop).ConfigureAwait(false);
                var ticket = answer.Status == 200 ? Json.Text(answer.Body, "ticket") : null;
                if (ticket != null) return ticket;
                if (answer.Status != 401 || tries > 0) throw new PorticoRefused(answer.Error);
            }
        }

        /// <summary>
        /// Ends this sign-in at Portico, then forgets it here. When Portico cannot be told, PorticoTrouble, and the sign-in stays: what did not
        /// happen must not look as if it had. `local` forgets it here in any case.
        /// </summary>
        public async Task SignOut(bool local = false, CancellationToken stop = default(CancellationToken))
        {
            await gate.WaitAsync(stop).ConfigureAwait(false);
            try
            {
                var kept = Kept.Read(store);
                if (kept != null && !local)
                {
                    var answer = await Post("revocation_endpoint", Form("token", kept.RefreshToken), null, stop).ConfigureAwait(false);
                    if (answer.Status != 200) throw new PorticoTrouble(answer.Error);
                }
                Forget();
            }
            finally
            {
                gate.Release();
            }
        }

        /// <summary>Rotates the refresh token. Called by one at a time in this process; other processes may do the same at once.</summary>
        private async Task Refresh(CancellationToken stop)
        {
            for (var tries = 0; ; tries++)
            {
                var kept = Kept.Read(store);
                if (kept == null)
                {
                    accessToken = null;
                    throw new PorticoEnded("signed_out");
                }
                // Safe before it is sent: if the answer is lost, or the game dies, the same attempt shows that this is the same player again.
                // A thief who copied the token before has another one, and is noticed.
                var proposed = kept.Generation.ToString(CultureInfo.InvariantCulture) + "." + Base64Url.Random(16);
                var attempt = store.Keep(kept.Family, kept.Generation, proposed);
                var form = Form("grant_type", "refresh_token", "refresh_token", kept.RefreshToken);
                Answer answer;
                try
                {
                    answer = await Post("token_endpoint", form, attempt, stop).ConfigureAwait(false);
                }
                catch (PorticoTrouble trouble)
                {
                    if (trouble.Code != "temporarily_unavailable" || tries == Retries) throw;
                    await Task.Delay(TimeSpan.FromSeconds(Math.Min(5, Math.Max(1, trouble.RetryAfter.TotalSeconds))), stop).ConfigureAwait(false);
                    continue;
                }
                if (answer.Status == 200)
                {
                    Take(answer.Body, kept);
                    return;
                }
                // Another process may have signed in anew meanwhile: its sign-in is none of this answer's business.
                var now = Kept.Read(store);
                if (now != null && now.RefreshToken != kept.RefreshToken && tries < Retries) continue;
                // Only this one word ends a sign-in. A wrong client id, or a captive portal, does not.
                if (answer.Error != "invalid_grant") throw new PorticoTrouble(answer.Error);
                Forget();
                throw new PorticoEnded(answer.Error, Json.Text(answer.Body, "portico_verify_url"));
            }
        }

        private async Task<PorticoUser> Accept(Dictionary<string, object> body, CancellationToken stop)
        {
            await gate.WaitAsync(stop).ConfigureAwait(false);
            try
            {
                var user = Take(body, null);
                try
                {
                    var address = await Endpoint("userinfo_endpoint", stop).ConfigureAwait(false);
                    var answer = await Send(HttpMethod.Get, address, null, "Authorization", "Bearer " + accessToken, stop).ConfigureAwait(false);
                    // OpenID Connect Core 5.3.2: else it speaks of somebody else.
                    if (answer.Status != 200 || Json.Text(answer.Body, "sub") != user.Id) return user;
                    var kept = Kept.Read(store);
                    kept.User = new PorticoUser(user.Id, Json.Text(answer.Body, "name") ?? "");
                    store.Save(kept.Text);
                    return kept.User;
                }
                catch (PorticoTrouble)
                {
                    // Signed in all the same, only not by name.
                    return user;
                }
            }
            finally
            {
                gate.Release();
            }
        }

        /// <summary>Keeps new tokens, first where they outlive this process.</summary>
        private PorticoUser Take(Dictionary<string, object> body, Kept before)
        {
            var access = Json.Text(body, "access_token");
            var user = before == null ? UserOf(Json.Text(body, "id_token")) : before.User;
            var kept = Kept.From(Json.Text(body, "refresh_token"), user);
            if (access == null || kept == null || user == null) throw new PorticoTrouble("bad_answer");
            var stored = Kept.Read(store);
            // A late answer must bring back neither an older link of the chain nor a sign-in that another process has ended or replaced.
            if (before != null && stored == null) throw new PorticoEnded("signed_out");
            if (before != null && stored.Family != kept.Family) throw new PorticoTrouble("replaced");
            var isOlder = before != null && stored.Generation > kept.Generation;
            if (!isOlder) store.Save(kept.Text);
            accessToken = access;
            accessEnd = new Deadline(TimeSpan.FromSeconds(Json.Number(body, "expires_in", 60)));
            return user;
        }

        /// <summary>From an ID token that came straight from the token endpoint, whose TLS vouches for it (OpenID Connect Core 3.1.3.7, 6).</summary>
        private PorticoUser UserOf(string idToken)
        {
            var parts = (idToken ?? "").Split('.');
            var claims = parts.Length == 3 ? Json.Parse(Encoding.UTF8.GetString(Base64Url.Decode(parts[1]))) : null;
            if (claims == null || Json.Text(claims, "iss") != issuer || Json.Text(claims, "aud") != clientId) return null;
            return new PorticoUser(Json.Text(claims, "sub"), "");
        }

        private void Forget()
        {
            accessToken = null;
            store.Clear();
        }

        private async Task<string> Endpoint(string name, CancellationToken stop)
        {
            if (endpoints == null)
            {
                var answer = await Send(HttpMethod.Get, issuer + "/.well-known/openid-configuration", null, null, null, stop).ConfigureAwait(false);
                // OpenID Connect Discovery 4.3: whoever says another name is somebody else.
                if (answer.Status != 200 || Json.Text(answer.Body, "issuer") != issuer) throw new PorticoTrouble("bad_answer");
                endpoints = answer.Body;
            }
            var address = Json.Text(endpoints, name);
            if (address == null) throw new PorticoTrouble("bad_answer");
            return address;
        }

        /// <summary>An address of Portico's own API, which lies beside its token endpoint.</summary>
        private async Task<string> Api(string path, CancellationToken stop)
        {
            var token = await Endpoint("token_endpoint", stop).ConfigureAwait(false);
            return new Uri(token).GetLeftPart(UriPartial.Authority) + "/api/v1/auth" + path;
        }

        private async Task<Answer> Post(string endpoint, Dictionary<string, string> form, string attempt, CancellationToken stop)
        {
            var address = await Endpoint(endpoint, stop).ConfigureAwait(false);
            var content = new FormUrlEncodedContent(form);
            return await Send(HttpMethod.Post, address, content, "Portico-Attempt", attempt, stop).ConfigureAwait(false);
        }

        private Dictionary<string, string> Form(params string[] pairs)
        {
            var form = new Dictionary<string, string> { { "client_id", clientId } };
            for (var at = 0; at < pairs.Length; at += 2) form[pairs[at]] = pairs[at + 1];
            return form;
        }

        /// <summary>One request. Whatever is not an answer of Portico's is trouble.</summary>
        private async Task<Answer> Send(HttpMethod method, string url, HttpContent content, string header, string value, CancellationToken stop)
        {
            RequireSafe(url);
            using (var request = new HttpRequestMessage(method, url) { Content = content })
            {
                if (value != null) request.Headers.TryAddWithoutValidation(header, value);
                request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
                int status;
                string text;
                var retryAfter = TimeSpan.Zero;
                try
                {
                    using (var response = await http.SendAsync(request, stop).ConfigureAwait(false))
                    {
                        status = (int)response.StatusCode;
                        if (response.Headers.RetryAfter != null) retryAfter = response.Headers.RetryAfter.Delta ?? TimeSpan.Zero;
                        text = await response.Content.ReadAsStringAsync().ConfigureAwait(false);
                    }
                }
                catch (Exception cause)
                {
                    stop.ThrowIfCancellationRequested();
                    throw new PorticoTrouble("unreachable", cause);
                }
                var body = text.Length == 0 ? new Dictionary<string, object>() : Json.Parse(text);
                if (body == null) throw new PorticoTrouble("bad_answer");
                var answer = new Answer { Status = status, Body = body };
                if (status >= 500 || status == 429) throw new PorticoTrouble(answer.Error, null, retryAfter);
                return answer;
            }
        }

        /// <summary>Tokens travel by TLS, or not at all; http is for this machine.</summary>
        private static void RequireSafe(string url)
        {
            var address = new Uri(url, UriKind.Absolute);
            if (address.Scheme == "https" || (address.Scheme == "http" && address.IsLoopback)) return;
            throw new ArgumentException("not https: " + url);
        }

        private sealed class Answer
        {
            internal int Status;
            internal Dictionary<string, object> Body;

            internal string Error
            {
                get { return Json.Text(Body, "error") ?? "status_" + Status.ToString(CultureInfo.InvariantCulture); }
            }
        }
    }

    /// <summary>A sign-in by this machine's browser. Open Url in it, then wait for Finish.</summary>
    public sealed class PorticoBrowserSignIn : IDisposable
    {
        public readonly string Url;
        private readonly PorticoClient client;
        private readonly string issuer;
        private readonly string redirectUri;
        private readonly string state = Base64Url.Random(32);
        private readonly string verifier = Base64Url.Random(32);
        private readonly TcpListener listener = new TcpListener(IPAddress.Loopback, 0);
        private readonly TaskCompletionSource<Dictionary<string, string>> answered = new TaskCompletionSource<Dictionary<string, string>>();

        internal PorticoBrowserSignIn(PorticoClient client, string issuer, string clientId, string scope, string authorize)
        {
            this.client = client;
            this.issuer = issuer;
            listener.Start();
            redirectUri = "http://127.0.0.1:" + ((IPEndPoint)listener.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture) + "/callback";
            Url = authorize + "?response_type=code&client_id=" + Uri.EscapeDataString(clientId) + "&redirect_uri=" + Uri.EscapeDataString(redirectUri)
                + "&scope=" + Uri.EscapeDataString(scope) + "&state=" + state
                + "&code_challenge=" + Base64Url.Encode(Hash.Sha256(Encoding.ASCII.GetBytes(verifier))) + "&code_challenge_method=S256";
            Listen();
        }

        /// <summary>Waits until the browser comes back. Throws PorticoRefused: access_denied and whatever else Portico says.</summary>
        public async Task<PorticoUser> Finish(CancellationToken stop = default(CancellationToken))
        {
            try
            {
                Dictionary<string, string> answer;
                using (stop.Register(() => answered.TrySetCanceled())) answer = await answered.Task.ConfigureAwait(false);
                string error, code;
                if (answer.TryGetValue("error", out error)) throw new PorticoRefused(error);
                if (!answer.TryGetValue("code", out code)) throw new PorticoTrouble("bad_answer");
                return await client.Redeem(code, redirectUri, verifier, stop).ConfigureAwait(false);
            }
            finally
            {
                Dispose();
            }
        }

        /// <summary>For a sign-in that nobody waits for any more.</summary>
        public void Dispose()
        {
            listener.Stop();
        }

        private async void Listen()
        {
            try
            {
                // Browsers open connections that they never use: none may keep the others waiting.
                while (true) Serve(await listener.AcceptTcpClientAsync().ConfigureAwait(false));
            }
            catch (Exception)
            {
                // Stopped.
            }
        }

        private async void Serve(TcpClient connection)
        {
            try
            {
                using (connection)
                {
                    var stream = connection.GetStream();
                    var bytes = new byte[8192];
                    var length = 0;
                    var head = "";
                    while (length < bytes.Length && head.IndexOf("\r\n\r\n", StringComparison.Ordinal) < 0)
                    {
                        var more = await stream.ReadAsync(bytes, length, bytes.Length - length).ConfigureAwait(false);
                        if (more == 0) return;
                        length += more;
                        head = Encoding.ASCII.GetString(bytes, 0, length);
                    }
                    var answer = Read(head);
                    var page = answer == null ? "Not found" : "Done. You can close this page and go back to the game.";
                    var text = "HTTP/1.1 " + (answer == null ? "404 Not Found" : "200 OK") + "\r\nContent-Type: text/plain; charset=utf-8\r\n"
                        + "Content-Length: " + page.Length.ToString(CultureInfo.InvariantCulture)
                        + "\r\nCache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n" + page;
                    var reply = Encoding.ASCII.GetBytes(text);
                    await stream.WriteAsync(reply, 0, reply.Length).ConfigureAwait(false);
                    if (answer != null) answered.TrySetResult(answer);
                }
            }
            catch (Exception)
            {
                // The browser went away; it may come again.
            }
        }

        /// <summary>What Portico sends back. Null: something else, which ends nothing, because any page can open this address.</summary>
        private Dictionary<string, string> Read(string head)
        {
            var target = head.Split(' ');
            if (target.Length < 3 || target[0] != "GET" || !target[1].StartsWith("/callback?", StringComparison.Ordinal)) return null;
            var values = new Dictionary<string, string>();
            foreach (var pair in target[1].Substring("/callback?".Length).Split('&'))
            {
                var at = pair.IndexOf('=');
                if (at < 0) continue;
                var name = Uri.UnescapeDataString(pair.Substring(0, at));
                if (values.ContainsKey(name)) return null;
                values[name] = Uri.UnescapeDataString(pair.Substring(at + 1).Replace('+', ' '));
            }
            string given, from;
            // A page that plants its own code here does not know our state. RFC 9207: nor does another server say our issuer.
            if (!values.TryGetValue("state", out given) || given != state) return null;
            return values.TryGetValue("iss", out from) && from == issuer ? values : null;
        }
    }

    /// <summary>
    /// Keeps the sign-in in a folder of its own that only this user of the machine can open (0700, its file 0600; on Windows the profile's own
    /// protection).
    /// </summary>
    public sealed class PorticoFileStore : IPorticoStore
    {
        /// <summary>Portico remembers four attempts of a family.</summary>
        private const uint Remembered = 8;
        private readonly string folder;
        private readonly string file;

        public PorticoFileStore(string folder)
        {
            this.folder = folder;
            file = Path.Combine(folder, "sign-in.json");
        }

        public string Load()
        {
            try
            {
                return File.ReadAllText(file);
            }
            catch (FileNotFoundException)
            {
                return null;
            }
            catch (DirectoryNotFoundException)
            {
                return null;
            }
        }

        public void Save(string text)
        {
            Prepare();
            var fresh = file + "." + Base64Url.Random(8);
            Write(fresh, text);
            if (File.Exists(file)) File.Replace(fresh, file, null);
            else File.Move(fresh, file);
        }

        public string Keep(string family, uint generation, string proposed)
        {
            Prepare();
            var place = AttemptFolder(family, generation);
            if (!Directory.Exists(place))
            {
                // A folder with something in it is moved to its place as a whole, or not at all, when another process was first.
                var fresh = Path.Combine(folder, "new-" + Base64Url.Random(8));
                Directory.CreateDirectory(fresh);
                Write(Path.Combine(fresh, "value"), proposed);
                try
                {
                    Directory.Move(fresh, place);
                }
                catch (IOException)
                {
                    if (!Directory.Exists(place)) throw;
                    Directory.Delete(fresh, true);
                }
                if (generation >= Remembered) Remove(AttemptFolder(family, generation - Remembered));
            }
            return File.ReadAllText(Path.Combine(place, "value"));
        }

        public void Clear()
        {
            Remove(folder);
        }

        private string AttemptFolder(string family, uint generation)
        {
            return Path.Combine(folder, "attempt-" + family + "-" + generation.ToString(CultureInfo.InvariantCulture));
        }

        private static void Remove(string place)
        {
            if (Directory.Exists(place)) Directory.Delete(place, true);
        }

        private void Prepare()
        {
            Directory.CreateDirectory(folder);
            // Before anything is written into it.
            Protect(folder, 448);
        }

        private static void Write(string path, string text)
        {
            using (var stream = new FileStream(path, FileMode.CreateNew, FileAccess.Write))
            {
                Protect(path, 384);
                var bytes = Encoding.UTF8.GetBytes(text);
                stream.Write(bytes, 0, bytes.Length);
                stream.Flush(true);
            }
        }

        private static void Protect(string path, uint mode)
        {
            if (Path.DirectorySeparatorChar != '/') return;
            if (ChangeMode(path, mode) != 0) throw new IOException("others could read " + path);
        }

#if UNITY_IOS && !UNITY_EDITOR
        private const string Library = "__Internal";
#else
        private const string Library = "libc";
#endif

        [DllImport(Library, EntryPoint = "chmod", SetLastError = true)]
        private static extern int ChangeMode(string path, uint mode);
    }

    /// <summary>What is kept between two starts.</summary>
    internal sealed class Kept
    {
        internal string RefreshToken;
        internal PorticoUser User;
        /// <summary>Who the token's ancestor was, and how many came since (docs/protocol.md, "The chain").</summary>
        internal string Family;
        internal uint Generation;

        internal string Text
        {
            get
            {
                return "{\"refreshToken\":" + Json.Quote(RefreshToken) + ",\"id\":" + Json.Quote(User.Id) + ",\"name\":" + Json.Quote(User.Name) + "}";
            }
        }

        /// <summary>Null: no refresh token of Portico's.</summary>
        internal static Kept From(string refreshToken, PorticoUser user)
        {
            var bytes = (refreshToken ?? "").StartsWith("ptr_", StringComparison.Ordinal) ? Base64Url.Decode(refreshToken.Substring(4)) : new byte[0];
            if (bytes.Length < 21) return null;
            return new Kept
            {
                RefreshToken = refreshToken,
                User = user,
                Family = BitConverter.ToString(bytes, 1, 16).Replace("-", ""),
                Generation = (uint)bytes[17] << 24 | (uint)bytes[18] << 16 | (uint)bytes[19] << 8 | bytes[20],
            };
        }

        internal static Kept Read(IPorticoStore store)
        {
            var values = Json.Parse(store.Load() ?? "");
            if (values == null) return null;
            return From(Json.Text(values, "refreshToken"), new PorticoUser(Json.Text(values, "id"), Json.Text(values, "name")));
        }
    }

    /// <summary>A moment that comes whatever is done to the machine's clock; a machine that slept is past it too.</summary>
    internal sealed class Deadline
    {
        private readonly Stopwatch since = Stopwatch.StartNew();
        private readonly DateTime begun = DateTime.UtcNow;
        private readonly TimeSpan life;

        internal Deadline(TimeSpan life)
        {
            this.life = life;
        }

        internal TimeSpan Left
        {
            get
            {
                var byCalendar = DateTime.UtcNow - begun;
                return life - (byCalendar > since.Elapsed ? byCalendar : since.Elapsed);
            }
        }

        internal bool IsOver
        {
            get { return Left <= TimeSpan.Zero; }
        }
    }

    internal static class Hash
    {
        internal static byte[] Sha256(byte[] bytes)
        {
            using (var hash = SHA256.Create()) return hash.ComputeHash(bytes);
        }
    }

    internal static class Base64Url
    {
        internal static string Encode(byte[] bytes)
        {
            return Convert.ToBase64String(bytes).TrimEnd('=').Replace('+', '-').Replace('/', '_');
        }

        /// <summary>Empty when it is none.</summary>
        internal static byte[] Decode(string text)
        {
            try
            {
                return Convert.FromBase64String(text.Replace('-', '+').Replace('_', '/') + new string('=', (4 - text.Length % 4) % 4));
            }
            catch (FormatException)
            {
                return new byte[0];
            }
        }

        internal static string Random(int bytes)
        {
            var drawn = new byte[bytes];
            using (var source = RandomNumberGenerator.Create()) source.GetBytes(drawn);
            return Encode(drawn);
        }
    }

    /// <summary>As much of RFC 8259 as is needed, so that the file needs no package.</summary>
    internal static class Json
    {
        internal static string Text(Dictionary<string, object> values, string name)
        {
            object value;
            return values.TryGetValue(name, out value) ? value as string : null;
        }

        internal static double Number(Dictionary<string, object> values, string name, double otherwise)
        {
            object value;
            return values.TryGetValue(name, out value) && value is double ? (double)value : otherwise;
        }

        internal static string Quote(string text)
        {
            var quoted = new StringBuilder("\"");
            foreach (var letter in text ?? "")
            {
                if (letter == '"' || letter == '\\' || letter < ' ' || letter > '~') quoted.Append("\\u").Append(((int)letter).ToString("x4"));
                else quoted.Append(letter);
            }
            return quoted.Append('"').ToString();
        }

        /// <summary>Null: not one object.</summary>
        internal static Dictionary<string, object> Parse(string text)
        {
            var at = 0;
            try
            {
                var value = Value(text, ref at, 0) as Dictionary<string, object>;
                return Peek(text, ref at) == '\0' ? value : null;
            }
            catch (FormatException)
            {
                return null;
            }
        }

        private static char Peek(string text, ref int at)
        {
            while (at < text.Length && " \t\r\n".IndexOf(text[at]) >= 0) at++;
            return at < text.Length ? text[at] : '\0';
        }

        private static void Expect(string text, ref int at, char letter)
        {
            if (Peek(text, ref at) != letter) throw new FormatException();
            at++;
        }

        private static object Value(string text, ref int at, int depth)
        {
            if (depth > 20) throw new FormatException();
            var first = Peek(text, ref at);
            if (first == '"') return String(text, ref at);
            if (first == '{' || first == '[') return Many(text, ref at, depth);
            var start = at;
            while (at < text.Length && ",]} \t\r\n".IndexOf(text[at]) < 0) at++;
            var word = text.Substring(start, at - start);
            if (word == "null") return null;
            if (word == "true" || word == "false") return word == "true";
            double number;
            if (double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out number)) return number;
            throw new FormatException();
        }

        private static object Many(string text, ref int at, int depth)
        {
            var isObject = text[at++] == '{';
            var end = isObject ? '}' : ']';
            var named = new Dictionary<string, object>();
            var listed = new List<object>();
            while (Peek(text, ref at) != end)
            {
                if (named.Count + listed.Count > 0) Expect(text, ref at, ',');
                if (!isObject)
                {
                    listed.Add(Value(text, ref at, depth + 1));
                    continue;
                }
                if (Peek(text, ref at) != '"') throw new FormatException();
                var name = String(text, ref at);
                Expect(text, ref at, ':');
                named[name] = Value(text, ref at, depth + 1);
            }
            at++;
            return isObject ? (object)named : listed;
        }

        private static string String(string text, ref int at)
        {
            var read = new StringBuilder();
            for (at++; ; at++)
            {
                if (at >= text.Length) throw new FormatException();
                var letter = text[at];
                if (letter == '"') break;
                if (letter != '\\')
                {
                    read.Append(letter);
                    continue;
                }
                at++;
                var plain = at < text.Length ? "\"\\/bfnrt".IndexOf(text[at]) : -1;
                int code;
                if (plain >= 0) read.Append("\"\\/\b\f\n\r\t"[plain]);
                else if (at + 4 < text.Length && text[at] == 'u' && int.TryParse(text.Substring(at + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out code))
                {
                    read.Append((char)code);
                    at += 4;
                }
                else throw new FormatException();
            }
            at++;
            return read.ToString();
        }
    }

    /// <summary>QR codes (ISO/IEC 18004) of up to 134 bytes: byte mode, error correction L, versions 1 to 6. A screen has no scratches.</summary>
    public static class PorticoQr
    {
        private static readonly int[] DataBytes = { 19, 34, 55, 80, 108, 136 };
        private static readonly int[] CheckBytes = { 7, 10, 15, 20, 26, 18 };

        /// <summary>[row, column], true is dark, without the four light modules that belong around it.</summary>
        public static bool[,] Encode(string text)
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            var version = Array.FindIndex(DataBytes, room => bytes.Length + 2 <= room) + 1;
            if (version == 0) throw new ArgumentException("too long for a QR code: " + text);
            bool[,] best = null;
            var least = int.MaxValue;
            for (var mask = 0; mask < 8; mask++)
            {
                var drawn = Draw(version, Codewords(bytes, version), mask);
                var penalty = Penalty(drawn);
                if (penalty >= least) continue;
                least = penalty;
                best = drawn;
            }
            return best;
        }

        private static byte[] Codewords(byte[] bytes, int version)
        {
            var data = new byte[DataBytes[version - 1]];
            // Four bits say "bytes", eight how many; so everything lies half a byte off.
            data[0] = (byte)(0x40 | bytes.Length >> 4);
            data[1] = (byte)(bytes.Length << 4);
            for (var at = 0; at < bytes.Length; at++)
            {
                data[at + 1] |= (byte)(bytes[at] >> 4);
                data[at + 2] = (byte)(bytes[at] << 4);
            }
            for (var at = bytes.Length + 2; at < data.Length; at++) data[at] = (byte)((at - bytes.Length) % 2 == 0 ? 0xEC : 0x11);
            var blocks = version == 6 ? 2 : 1;
            var size = data.Length / blocks;
            var checks = CheckBytes[version - 1];
            var all = new byte[data.Length + blocks * checks];
            for (var block = 0; block < blocks; block++)
            {
                var own = new byte[size];
                Array.Copy(data, block * size, own, 0, size);
                var check = Remainder(own, checks);
                for (var at = 0; at < size; at++) all[at * blocks + block] = own[at];
                for (var at = 0; at < checks; at++) all[data.Length + at * blocks + block] = check[at];
            }
            return all;
        }

        /// <summary>Reed-Solomon over GF(256) with the polynomial 0x11D.</summary>
        private static byte[] Remainder(byte[] data, int degree)
        {
            var divisor = new byte[degree];
            divisor[degree - 1] = 1;
            byte root = 1;
            for (var step = 0; step < degree; step++)
            {
                for (var at = 0; at < degree; at++) divisor[at] = (byte)(Times(divisor[at], root) ^ (at + 1 < degree ? divisor[at + 1] : 0));
                root = Times(root, 2);
            }
            var rest = new byte[degree];
            foreach (var next in data)
            {
                var factor = (byte)(next ^ rest[0]);
                for (var at = 0; at < degree; at++) rest[at] = (byte)((at + 1 < degree ? rest[at + 1] : 0) ^ Times(divisor[at], factor));
            }
            return rest;
        }

        private static byte Times(byte left, byte right)
        {
            var product = 0;
            for (var bit = 7; bit >= 0; bit--) product = product << 1 ^ (product >> 7) * 0x11D ^ (right >> bit & 1) * left;
            return (byte)product;
        }

        private static bool[,] Draw(int version, byte[] codewords, int mask)
        {
            var size = version * 4 + 17;
            var dark = new bool[size, size];
            var taken = new bool[size, size];
            Action<int, int, bool> set = (row, column, value) =>
            {
                if (row < 0 || column < 0 || row >= size || column >= size) return;
                dark[row, column] = value;
                taken[row, column] = true;
            };
            for (var at = 0; at < size; at++)
            {
                set(6, at, at % 2 == 0);
                set(at, 6, at % 2 == 0);
            }
            Action<int, int, int> square = (row, column, reach) =>
            {
                for (var down = -reach; down <= reach; down++)
                    for (var right = -reach; right <= reach; right++)
                    {
                        var ring = Math.Max(Math.Abs(down), Math.Abs(right));
                        set(row + down, column + right, reach == 4 ? ring != 2 && ring != 4 : ring != 1);
                    }
            };
            square(3, 3, 4);
            square(3, size - 4, 4);
            square(size - 4, 3, 4);
            if (version > 1) square(size - 7, size - 7, 2);
            var format = 1 << 3 | mask;
            var rest = format;
            for (var step = 0; step < 10; step++) rest = rest << 1 ^ (rest >> 9) * 0x537;
            format = (format << 10 | rest) ^ 0x5412;
            for (var bit = 0; bit < 15; bit++)
            {
                var value = (format >> bit & 1) == 1;
                if (bit < 8) set(bit < 6 ? bit : bit + 1, 8, value);
                else set(8, bit == 8 ? 7 : 14 - bit, value);
                if (bit < 8) set(8, size - 1 - bit, value);
                else set(size - 15 + bit, 8, value);
            }
            set(size - 8, 8, true);
            var place = 0;
            for (var right = size - 1; right > 0; right -= 2)
            {
                if (right == 6) right = 5;
                for (var step = 0; step < size; step++)
                    for (var column = right; column > right - 2; column--)
                    {
                        var row = (right + 1 & 2) == 0 ? size - 1 - step : step;
                        if (taken[row, column]) continue;
                        var bit = place < codewords.Length * 8 && (codewords[place >> 3] >> 7 - (place & 7) & 1) == 1;
                        dark[row, column] = bit ^ Flips(mask, row, column);
                        place++;
                    }
            }
            return dark;
        }

        private static bool Flips(int mask, int row, int column)
        {
            switch (mask)
            {
                case 0: return (row + column) % 2 == 0;
                case 1: return row % 2 == 0;
                case 2: return column % 3 == 0;
                case 3: return (row + column) % 3 == 0;
                case 4: return (row / 2 + column / 3) % 2 == 0;
                case 5: return row * column % 2 + row * column % 3 == 0;
                case 6: return (row * column % 2 + row * column % 3) % 2 == 0;
                default: return ((row + column) % 2 + row * column % 3) % 2 == 0;
            }
        }

        /// <summary>How hard it is to read: long runs, blocks, patterns like a corner's, too much of one colour.</summary>
        private static int Penalty(bool[,] dark)
        {
            var size = dark.GetLength(0);
            var penalty = 0;
            var darkOnes = 0;
            for (var row = 0; row < size; row++)
            {
                var acrossRun = 0;
                var downRun = 0;
                var across = 0;
                var down = 0;
                for (var column = 0; column < size; column++)
                {
                    if (dark[row, column]) darkOnes++;
                    acrossRun = column > 0 && dark[row, column] == dark[row, column - 1] ? acrossRun + 1 : 1;
                    downRun = column > 0 && dark[column, row] == dark[column - 1, row] ? downRun + 1 : 1;
                    penalty += (acrossRun == 5 ? 3 : acrossRun > 5 ? 1 : 0) + (downRun == 5 ? 3 : downRun > 5 ? 1 : 0);
                    across = (across << 1 | (dark[row, column] ? 1 : 0)) & 0x7FF;
                    down = (down << 1 | (dark[column, row] ? 1 : 0)) & 0x7FF;
                    if (column >= 10) penalty += (across == 0x5D || across == 0x5D0 ? 40 : 0) + (down == 0x5D || down == 0x5D0 ? 40 : 0);
                    if (row == 0 || column == 0) continue;
                    var same = dark[row, column];
                    if (dark[row - 1, column] == same && dark[row, column - 1] == same && dark[row - 1, column - 1] == same) penalty += 3;
                }
            }
            return penalty + Math.Abs(darkOnes * 20 - size * size * 10) / (size * size) * 10;
        }
    }
}

#if UNITY_5_3_OR_NEWER
namespace Portico
{
    using UnityEngine;

    public static class PorticoUnity
    {
        /// <summary>A client that keeps its sign-in where the game keeps its own files.</summary>
        public static PorticoClient Create(string issuer, string clientId)
        {
            return new PorticoClient(issuer, clientId, new PorticoFileStore(Path.Combine(Application.persistentDataPath, "portico")));
        }

        public static void Open(PorticoBrowserSignIn way)
        {
            Application.OpenURL(way.Url);
        }

        /// <summary>A picture with its light border, a pixel a module: show it with FilterMode.Point.</summary>
        public static Texture2D Picture(bool[,] modules)
        {
            var size = modules.GetLength(0);
            var picture = new Texture2D(size + 8, size + 8) { filterMode = FilterMode.Point };
            for (var row = 0; row < size + 8; row++)
                for (var column = 0; column < size + 8; column++)
                {
                    var inside = row >= 4 && column >= 4 && row < size + 4 && column < size + 4;
                    // Unity counts rows from below.
                    picture.SetPixel(column, size + 7 - row, inside && modules[row - 4, column - 4] ? Color.black : Color.white);
                }
            picture.Apply();
            return picture;
        }
    }
}
#endif
