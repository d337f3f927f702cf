# Sign-in with Portico for games in Godot 4. One file: add it to the project's autoloads as "Portico".
#
#   Portico.setup("https://auth.example.com", "space-snake")
#   var code = await Portico.begin_device()              # show code.user_code and code.url, or Portico.picture(code.qr)
#   var user = await Portico.finish_device(code)         # somebody said yes on a phone: user.id, user.name
#   var answer = await Portico.access_token()            # answer.token, for your servers; renewed as needed
#   await Portico.sign_out()
#
# With a browser on the same machine: var way = await Portico.begin_browser(); OS.shell_open(way.url); user = await Portico.finish_browser(way).
#
# Every answer is a Dictionary with "problem", which is "" when all is well, and then "code" (docs/errors.md, RFC 6749):
#   "trouble": no network, Portico is away. Nobody was signed out; ask again later.   "ended": signed out.   "refused": no, or not allowed.
# Register the game: docs/games.md.
#
# Tried with Godot 3.2 (Debian's godot3-server, without a screen) on Linux, against a running Portico, in server/test/games. Godot 4 could not be
# had there: what ran is this file after the replacements of words that server/test/games/godot3.ts lists, nothing else. On the web use
# @portico/client: a page has no files of its own and no ports.
extends Node

# The sign-in is kept here, where only this user of the machine can look. Several processes may share it. Set it before setup.
var folder = "user://portico"
# Who is signed in as far as this machine knows, without asking anybody: { id, name }, or null. The name is that of the sign-in; it may be empty.
var user = null

const TIMEOUT = 20
const AHEAD = 30.0
const SLOW_DOWN = 5.0
const RETRIES = 3
const UNIX = ["Linux", "FreeBSD", "NetBSD", "OpenBSD", "macOS", "X11", "OSX", "Server"]

var _issuer = ""
var _client_id = ""
var _scope = ""
var _endpoints = null
var _access = ""
var _access_end = null
var _busy = false


# `issuer`: Portico's address, https (http only on this machine). False: it is neither.
func setup(issuer, client_id, scope = "openid profile"):
	_issuer = issuer.trim_suffix("/")
	_client_id = client_id
	_scope = scope
	# A game that is paused, with its menu open say, goes on being answered.
	process_mode = PROCESS_MODE_ALWAYS
	var kept = _load()
	user = null if kept == null else kept.user
	return _is_safe(_issuer)


# Asks for a code that somebody types, or scans, elsewhere (RFC 8628): { user_code, url, complete_url, qr }.
func begin_device():
	var answer = await _post("device_authorization_endpoint", { "scope": _scope }, "")
	if answer.problem != "":
		return answer
	var body = answer.body
	if answer.status != 200:
		return _refused(_error_of(answer))
	if not body.has("device_code") or not body.has("user_code"):
		return _trouble("bad_answer")
	var complete = str(body.get("verification_uri_complete", body.get("verification_uri", "")))
	return {
		"problem": "",
		"user_code": body.user_code,
		"url": str(body.get("verification_uri", "")),
		"complete_url": complete,
		"qr": qr_of(complete),
		"device_code": body.device_code,
		# RFC 8628 3.2: five seconds unless said otherwise.
		"interval": max(1.0, float(body.get("interval", 5))),
		"end": _deadline(float(body.get("expires_in", 600))),
	}


# Waits until somebody has said yes: { id, name }. Refused: access_denied, expired_token. A code that is given up: code.end = null.
func finish_device(code):
	if code.problem != "":
		await get_tree().process_frame
		return code
	var form = { "grant_type": "urn:ietf:params:oauth:grant-type:device_code", "device_code": code.device_code }
	var interval = code.interval
	while true:
		await get_tree().create_timer(interval).timeout
		if code.end == null or _left(code.end) <= 0:
			return _refused("expired_token")
		var answer = await _post("token_endpoint", form, "")
		if answer.problem != "":
			# RFC 8628 3.5: when the network fails, ask less often.
			interval += SLOW_DOWN
		elif answer.status == 200:
			return await _accept(answer.body)
		elif _error_of(answer) == "slow_down":
			interval += SLOW_DOWN
		elif _error_of(answer) != "authorization_pending":
			return _refused(_error_of(answer))


# Prepares a sign-in by the browser of this machine (RFC 8252): open `url` with OS.shell_open, then wait for finish_browser.
func begin_browser():
	var found = await _endpoint("authorization_endpoint")
	if found.problem != "":
		return found
	var server = TCPServer.new()
	var port = 0
	for _try in range(20):
		var drawn = Crypto.new().generate_random_bytes(2)
		port = 49152 + (drawn[0] * 256 + drawn[1]) % 16384
		if server.listen(port, "127.0.0.1") == OK:
			break
	if not server.is_listening():
		return _trouble("no_port")
	var redirect = "http://127.0.0.1:%d/callback" % port
	var state = _random(32)
	var verifier = _random(32)
	var asked = {
		"response_type": "code",
		"client_id": _client_id,
		"redirect_uri": redirect,
		"scope": _scope,
		"state": state,
		"code_challenge": _to_base64url(verifier.sha256_buffer()),
		"code_challenge_method": "S256",
	}
	var url = found.url + "?" + _form_text(asked)
	return { "problem": "", "url": url, "server": server, "redirect": redirect, "state": state, "verifier": verifier, "given_up": false }


# Waits until the browser comes back: { id, name }. To give up: way.given_up = true.
func finish_browser(way):
	if way.problem != "":
		await get_tree().process_frame
		return way
	var connections = []
	var answer = null
	while answer == null and not way.given_up:
		await get_tree().process_frame
		# Browsers open connections that they never use: none may keep the others waiting.
		while way.server.is_connection_available():
			connections.append({ "peer": way.server.take_connection(), "head": "" })
		for connection in connections:
			if answer == null:
				answer = _serve(connection, way.state)
	# The last words must have left before the doors close.
	await get_tree().create_timer(0.2).timeout
	way.server.stop()
	if answer == null:
		return _refused("given_up")
	if answer.has("error"):
		return _refused(answer.error)
	var form = { "grant_type": "authorization_code", "code": answer.get("code", ""), "redirect_uri": way.redirect, "code_verifier": way.verifier }
	var redeemed = await _post("token_endpoint", form, "")
	if redeemed.problem != "":
		return redeemed
	if redeemed.status != 200:
		return _refused(_error_of(redeemed))
	return await _accept(redeemed.body)


# A token for your servers, good for at least some seconds. Give the one that a server answered with 401, and another one is fetched.
func access_token(refused = ""):
	await _enter()
	var usable = _access if _access != "" and _access != refused and _left(_access_end) > 0 else ""
	if usable != "" and _left(_access_end) > AHEAD:
		_busy = false
		return { "problem": "", "token": usable }
	var answer = await _refresh()
	_busy = false
	if answer.problem == "trouble" and usable != "":
		return { "problem": "", "token": usable }
	return answer if answer.problem != "" else { "problem": "", "token": _access }


# A ticket with which the game server `server` lets this player in, once, within a minute: { ticket }.
func join_ticket(server):
	var token = ""
	for tries in range(2):
		var answer = await access_token(token)
		if answer.problem != "":
			return answer
		token = answer.token
		var found = await _endpoint("token_endpoint")
		if found.problem != "":
			return found
		# Portico's own API lies beside its token endpoint.
		var parts = found.url.split("/")
		var url = parts[0] + "//" + parts[2] + "/api/v1/auth/me/join-ticket"
		var headers = ["Content-Type: application/json", "Authorization: Bearer " + token]
		var given = await _send(HTTPClient.METHOD_POST, url, headers, JSON.stringify({ "clientId": server }))
		if given.problem != "":
			return given
		if given.status == 200 and given.body.has("ticket"):
			return { "problem": "", "ticket": given.body.ticket }
		if given.status != 401 or tries > 0:
			return _refused(_error_of(given))


# Ends this sign-in at Portico, then forgets it here. When Portico cannot be told, "trouble", and the sign-in stays: what did not happen must
# not look as if it had. `local` forgets it here in any case.
func sign_out(local = false):
	await _enter()
	var kept = _load()
	if kept != null and not local:
		var answer = await _post("revocation_endpoint", { "token": kept.refresh_token }, "")
		if answer.problem != "" or answer.status != 200:
			_busy = false
			return answer if answer.problem != "" else _trouble(_error_of(answer))
	_forget()
	_busy = false
	return { "problem": "" }


# A picture of a QR code with its light border, `scale` pixels a module.
func picture(qr, scale = 6):
	var size = (qr.size() + 8) * scale
	var pixels = PackedByteArray()
	for y in range(size):
		for x in range(size):
			var row = y / scale - 4
			var column = x / scale - 4
			var inside = row >= 0 and column >= 0 and row < qr.size() and column < qr.size()
			pixels.append(0 if inside and qr[row][column] else 255)
	return Image.create_from_data(size, size, false, Image.FORMAT_L8, pixels)


# --- Tokens ---------------------------------------------------------------------------------------------------------------------------------


# One at a time in this process; other processes may rotate the same token at once.
func _enter():
	await get_tree().process_frame
	while _busy:
		await get_tree().process_frame
	_busy = true


func _refresh():
	for tries in range(RETRIES + 1):
		var kept = _load()
		if kept == null:
			await get_tree().process_frame
			_access = ""
			user = null
			return _ended("signed_out", "")
		# Safe before it is sent: if the answer is lost, or the game dies, the same attempt shows that this is the same player again.
		# A thief who copied the token before has another one, and is noticed.
		var attempt = _keep(kept.family, kept.generation, str(kept.generation) + "." + _random(16))
		if attempt == "":
			await get_tree().process_frame
			return _trouble("not_stored")
		var answer = await _post("token_endpoint", { "grant_type": "refresh_token", "refresh_token": kept.refresh_token }, attempt)
		if answer.problem != "":
			if answer.code != "temporarily_unavailable" or tries == RETRIES:
				return answer
			await get_tree().create_timer(clamp(answer.retry_after, 1.0, 5.0)).timeout
			continue
		if answer.status == 200:
			return _take(answer.body, kept)
		# Another process may have signed in anew meanwhile: its sign-in is none of this answer's business.
		var now = _load()
		if now != null and now.refresh_token != kept.refresh_token and tries < RETRIES:
			continue
		# Only this one word ends a sign-in. A wrong client id, or a captive portal, does not.
		if _error_of(answer) != "invalid_grant":
			return _trouble(_error_of(answer))
		_forget()
		return _ended("invalid_grant", str(answer.body.get("portico_verify_url", "")))


func _accept(body):
	var taken = _take(body, null)
	var found = await _endpoint("userinfo_endpoint")
	if taken.problem != "" or found.problem != "":
		return taken
	var answer = await _send(HTTPClient.METHOD_GET, found.url, ["Authorization: Bearer " + _access], "")
	var kept = _load()
	# Without an answer: signed in all the same, only not by name. OpenID Connect Core 5.3.2: another `sub` speaks of somebody else.
	if answer.problem != "" or answer.status != 200 or str(answer.body.get("sub")) != taken.id or kept == null:
		return taken
	kept.user.name = str(answer.body.get("name", ""))
	_save(kept)
	user = kept.user
	taken.name = user.name
	return taken


# Keeps new tokens, first where they outlive this process.
func _take(body, before):
	var who = _user_of(str(body.get("id_token", ""))) if before == null else before.user
	if who == null:
		return _trouble("bad_answer")
	var kept = _link_of(str(body.get("refresh_token", "")), who)
	if kept == null or not body.has("access_token"):
		return _trouble("bad_answer")
	var stored = _load()
	# A late answer must bring back neither an older link of the chain nor a sign-in that another process has ended or replaced.
	if before != null and stored == null:
		_forget()
		return _ended("signed_out", "")
	if before != null and stored.family != kept.family:
		return _trouble("replaced")
	var is_older = before != null and stored.generation > kept.generation
	if not is_older and not _save(kept):
		return _trouble("not_stored")
	_access = str(body.access_token)
	_access_end = _deadline(float(body.get("expires_in", 60)))
	user = kept.user
	return { "problem": "", "id": kept.user.id, "name": kept.user.name }


# From an ID token that came straight from the token endpoint, whose TLS vouches for it (OpenID Connect Core 3.1.3.7, 6).
func _user_of(id_token):
	var parts = id_token.split(".")
	var claims = _parse(_from_base64url(parts[1]).get_string_from_utf8()) if parts.size() == 3 else null
	if claims == null or str(claims.get("iss")) != _issuer or str(claims.get("aud")) != _client_id:
		return null
	return { "id": str(claims.get("sub", "")), "name": "" }


# A refresh token tells who its ancestor was, and how many came since (docs/protocol.md, "The chain"). Null: it is none.
func _link_of(refresh_token, who):
	var bytes = _from_base64url(refresh_token.substr(4)) if refresh_token.begins_with("ptr_") else PackedByteArray()
	if bytes.size() < 21:
		return null
	var family = ""
	for at in range(1, 17):
		family += "%02x" % bytes[at]
	var generation = bytes[17] << 24 | bytes[18] << 16 | bytes[19] << 8 | bytes[20]
	return {
		"refresh_token": refresh_token,
		"user": who,
		"family": family,
		"generation": generation,
	}


# --- What is kept ---------------------------------------------------------------------------------------------------------------------------


func _load():
	var values = _parse(_read(folder + "/sign-in.json"))
	if values == null:
		return null
	return _link_of(str(values.get("refreshToken", "")), { "id": str(values.get("id", "")), "name": str(values.get("name", "")) })


func _save(kept):
	var fresh = folder + "/sign-in-" + _random(8)
	var text = JSON.stringify({ "refreshToken": kept.refresh_token, "id": kept.user.id, "name": kept.user.name })
	return _prepare() and _write(fresh, text) and DirAccess.rename_absolute(fresh, folder + "/sign-in.json") == OK


# What is kept for this generation of this family: `proposed` if there was nothing. Of parallel callers, in other processes too, all get the
# same answer: a folder with something in it is moved to its place as a whole, or not at all, when another process was first. "": not stored.
func _keep(family, generation, proposed):
	if not _prepare():
		return ""
	var place = _attempt_folder(family, generation)
	if not DirAccess.dir_exists_absolute(place):
		var fresh = folder + "/new-" + _random(8)
		DirAccess.make_dir_recursive_absolute(fresh)
		if not _write(fresh + "/value", proposed):
			return ""
		if DirAccess.rename_absolute(fresh, place) != OK:
			_remove_attempt(fresh)
		# Portico remembers four attempts of a family.
		_remove_attempt(_attempt_folder(family, generation - 8))
	return _read(place + "/value")


func _attempt_folder(family, generation):
	return folder + "/attempt-%s-%d" % [family, generation]


func _remove_attempt(place):
	if DirAccess.dir_exists_absolute(place):
		DirAccess.remove_absolute(place + "/value")
		DirAccess.remove_absolute(place)


func _forget():
	var kept = _load()
	if kept != null:
		DirAccess.remove_absolute(folder + "/sign-in.json")
		for back in range(9):
			_remove_attempt(_attempt_folder(kept.family, kept.generation - back))
	_access = ""
	user = null


# A folder that nobody else can open, before anything is written into it.
func _prepare():
	if DirAccess.dir_exists_absolute(folder):
		return true
	if DirAccess.make_dir_recursive_absolute(folder) != OK:
		return false
	return not OS.get_name() in UNIX or OS.execute("chmod", ["700", ProjectSettings.globalize_path(folder)]) == 0


func _read(path):
	var file = FileAccess.open(path, FileAccess.READ)
	return "" if file == null else file.get_as_text()


func _write(path, text):
	var file = FileAccess.open(path, FileAccess.WRITE)
	if file == null:
		return false
	file.store_string(text)
	var is_good = file.get_error() == OK
	file.close()
	return is_good


# --- HTTP -----------------------------------------------------------------------------------------------------------------------------------


func _endpoint(name):
	if _endpoints == null:
		var answer = await _send(HTTPClient.METHOD_GET, _issuer + "/.well-known/openid-configuration", [], "")
		if answer.problem != "":
			return answer
		# OpenID Connect Discovery 4.3: whoever says another name is somebody else.
		if answer.status != 200 or str(answer.body.get("issuer")) != _issuer:
			return _trouble("bad_answer")
		_endpoints = answer.body
	else:
		await get_tree().process_frame
	if not _endpoints.has(name):
		return _trouble("bad_answer")
	return { "problem": "", "url": str(_endpoints[name]) }


func _post(endpoint, values, attempt):
	var found = await _endpoint(endpoint)
	if found.problem != "":
		return found
	var form = { "client_id": _client_id }
	for name in values:
		form[name] = values[name]
	var headers = ["Content-Type: application/x-www-form-urlencoded"]
	if attempt != "":
		headers.append("Portico-Attempt: " + attempt)
	return await _send(HTTPClient.METHOD_POST, found.url, headers, _form_text(form))


# One request. Whatever is not an answer of Portico's is trouble.
func _send(method, url, headers, body):
	if not _is_safe(url):
		await get_tree().process_frame
		return _refused("not_https")
	var http = HTTPRequest.new()
	http.timeout = TIMEOUT
	# A redirect would carry tokens to somebody else. Certificates are checked, as is usual.
	http.max_redirects = 0
	http.body_size_limit = 65536
	add_child(http)
	if http.request(url, headers + ["Accept: application/json"], method, body) != OK:
		http.queue_free()
		await get_tree().process_frame
		return _trouble("unreachable")
	var came = await http.request_completed
	http.queue_free()
	if came[0] != HTTPRequest.RESULT_SUCCESS:
		return _trouble("unreachable")
	var text = came[3].get_string_from_utf8()
	var parsed = {} if text == "" else _parse(text)
	if parsed == null:
		return _trouble("bad_answer")
	var answer = { "problem": "", "status": came[1], "body": parsed }
	if came[1] >= 500 or came[1] == 429:
		var trouble = _trouble(_error_of(answer))
		for header in came[2]:
			if header.to_lower().begins_with("retry-after:"):
				trouble.retry_after = float(header.substr(12).strip_edges())
		return trouble
	return answer


# Tokens travel by TLS, or not at all; http is for this machine.
func _is_safe(url):
	if url.begins_with("https://"):
		return true
	for host in ["127.0.0.1", "localhost", "[::1]"]:
		if url == "http://" + host or url.begins_with("http://" + host + ":") or url.begins_with("http://" + host + "/"):
			# http://127.0.0.1:80@evil.example is somewhere else.
			return not "@" in url
	return false


func _error_of(answer):
	return str(answer.body.get("error", "status_%d" % answer.status))


func _trouble(code):
	return { "problem": "trouble", "code": code, "retry_after": 0.0 }


func _refused(code):
	return { "problem": "refused", "code": code }


# `verify_url`: where the owner of a held sign-in shows who they are, or "".
func _ended(code, verify_url):
	return { "problem": "ended", "code": code, "verify_url": verify_url }


# --- The browser comes back -----------------------------------------------------------------------------------------------------------------


# Null: nothing yet, or something else, which ends nothing, because any page can open this address.
func _serve(connection, state):
	var peer = connection.peer
	if peer == null:
		return null
	peer.poll()
	if peer.get_status() != StreamPeerTCP.STATUS_CONNECTED:
		connection.peer = null
		return null
	var waiting = peer.get_available_bytes()
	if waiting > 0:
		connection.head += peer.get_partial_data(waiting)[1].get_string_from_ascii()
	if not "\r\n\r\n" in connection.head and connection.head.length() < 8192:
		return null
	var answer = _answer_in(connection.head, state)
	var page = "Not found" if answer == null else "Done. You can close this page and go back to the game."
	var lines = [
		"HTTP/1.1 404 Not Found" if answer == null else "HTTP/1.1 200 OK",
		"Content-Type: text/plain; charset=utf-8",
		"Content-Length: %d" % page.length(),
		"Cache-Control: no-store",
		"Referrer-Policy: no-referrer",
		"X-Content-Type-Options: nosniff",
		"Connection: close",
	]
	var reply = ""
	for line in lines:
		reply += line + "\r\n"
	peer.put_data((reply + "\r\n" + page).to_utf8_buffer())
	if answer == null:
		peer.disconnect_from_host()
	connection.peer = null
	return answer


func _answer_in(head, state):
	var target = head.split(" ")
	if target.size() < 3 or target[0] != "GET" or not target[1].begins_with("/callback?"):
		return null
	var values = {}
	for pair in target[1].substr(10).split("&"):
		var at = pair.find("=")
		if at < 0:
			continue
		var name = pair.substr(0, at)
		if values.has(name):
			return null
		values[name] = pair.substr(at + 1).replace("+", " ").uri_decode()
	# A page that plants its own code here does not know our state. RFC 9207: nor does another server say our issuer.
	return values if values.get("state") == state and values.get("iss") == _issuer else null


# --- Values ---------------------------------------------------------------------------------------------------------------------------------


# Seconds from now on, by the clock that nobody can set; and by the calendar, because a machine that slept is past it too.
func _deadline(seconds):
	return { "ticks": Time.get_ticks_msec(), "calendar": Time.get_unix_time_from_system(), "life": seconds }


func _left(deadline):
	var ticked = (Time.get_ticks_msec() - deadline.ticks) / 1000.0
	return deadline.life - max(ticked, Time.get_unix_time_from_system() - deadline.calendar)


# Null: not one JSON object.
func _parse(text):
	var parsed = JSON.parse_string(text) if text.begins_with("{") else null
	return parsed if typeof(parsed) == TYPE_DICTIONARY else null


func _form_text(values):
	var pairs = []
	for name in values:
		pairs.append(name + "=" + str(values[name]).uri_encode())
	var text = ""
	for pair in pairs:
		text += pair if text == "" else "&" + pair
	return text


func _random(bytes):
	return _to_base64url(Crypto.new().generate_random_bytes(bytes))


func _to_base64url(bytes):
	return Marshalls.raw_to_base64(bytes).replace("+", "-").replace("/", "_").replace("=", "")


func _from_base64url(text):
	var padded = text.replace("-", "+").replace("_", "/")
	while padded.length() % 4 != 0:
		padded += "="
	return Marshalls.base64_to_raw(padded)


# --- QR codes (ISO/IEC 18004) of up to 134 bytes: byte mode, error correction L, versions 1 to 6. A screen has no scratches. --------------------

const DATA_BYTES = [19, 34, 55, 80, 108, 136]
const CHECK_BYTES = [7, 10, 15, 20, 26, 18]


# Rows of modules, true is dark, without the four light modules that belong around it. Empty: the text is too long.
func qr_of(text):
	var bytes = text.to_utf8_buffer()
	var version = 0
	for candidate in range(6, 0, -1):
		if bytes.size() + 2 <= DATA_BYTES[candidate - 1]:
			version = candidate
	if version == 0:
		return []
	var codewords = _codewords(bytes, version)
	var best = []
	var least = -1
	for mask in range(8):
		var drawn = _draw(version, codewords, mask)
		var penalty = _penalty(drawn)
		if least < 0 or penalty < least:
			least = penalty
			best = drawn
	return best


func _codewords(bytes, version):
	# Four bits say "bytes", eight how many; so everything lies half a byte off.
	var data = [0x40 | bytes.size() >> 4, bytes.size() << 4 & 0xF0]
	for byte in bytes:
		data[data.size() - 1] |= byte >> 4
		data.append(byte << 4 & 0xF0)
	var pad = 0xEC
	while data.size() < DATA_BYTES[version - 1]:
		data.append(pad)
		pad ^= 0xFD
	var blocks = 2 if version == 6 else 1
	var size = data.size() / blocks
	var parts = []
	for block in range(blocks):
		parts.append(data.slice(block * size, (block + 1) * size))
	var all = []
	for at in range(size):
		for part in parts:
			all.append(part[at])
	var checks = []
	for part in parts:
		checks.append(_remainder(part, CHECK_BYTES[version - 1]))
	for at in range(CHECK_BYTES[version - 1]):
		for check in checks:
			all.append(check[at])
	return all


# Reed-Solomon over GF(256) with the polynomial 0x11D.
func _remainder(data, degree):
	var divisor = []
	var rest = []
	for at in range(degree):
		divisor.append(1 if at == degree - 1 else 0)
		rest.append(0)
	var root = 1
	for _step in range(degree):
		for at in range(degree):
			divisor[at] = _times(divisor[at], root) ^ (divisor[at + 1] if at + 1 < degree else 0)
		root = _times(root, 2)
	for next in data:
		var factor = next ^ rest[0]
		for at in range(degree):
			rest[at] = (rest[at + 1] if at + 1 < degree else 0) ^ _times(divisor[at], factor)
	return rest


func _times(left, right):
	var product = 0
	for bit in range(7, -1, -1):
		product = (product << 1) ^ ((product >> 7) * 0x11D) ^ ((right >> bit & 1) * left)
	return product


func _draw(version, codewords, mask):
	var size = version * 4 + 17
	# null: free for the text.
	var modules = []
	for _row in range(size):
		var row = []
		for _column in range(size):
			row.append(null)
		modules.append(row)
	for at in range(size):
		modules[6][at] = at % 2 == 0
		modules[at][6] = at % 2 == 0
	_square(modules, 3, 3, 4)
	_square(modules, 3, size - 4, 4)
	_square(modules, size - 4, 3, 4)
	if version > 1:
		_square(modules, size - 7, size - 7, 2)
	var rest = 8 | mask
	for _step in range(10):
		rest = (rest << 1) ^ ((rest >> 9) * 0x537)
	var format = ((8 | mask) << 10 | rest) ^ 0x5412
	for bit in range(15):
		var value = (format >> bit & 1) == 1
		if bit < 8:
			modules[bit if bit < 6 else bit + 1][8] = value
			modules[8][size - 1 - bit] = value
		else:
			modules[8][7 if bit == 8 else 14 - bit] = value
			modules[size - 15 + bit][8] = value
	modules[size - 8][8] = true
	var place = 0
	for pair in range(size / 2):
		var right = size - 1 - 2 * pair
		# The upright line of every second module is in the way.
		if right <= 6:
			right -= 1
		for step in range(size):
			var row = size - 1 - step if pair % 2 == 0 else step
			for column in [right, right - 1]:
				if modules[row][column] == null:
					var bit = place / 8 < codewords.size() and (codewords[place / 8] >> (7 - place % 8) & 1) == 1
					modules[row][column] = bit != _flips(mask, row, column)
					place += 1
	return modules


func _square(modules, row, column, reach):
	for down in range(-reach, reach + 1):
		for right in range(-reach, reach + 1):
			var ring = int(max(abs(down), abs(right)))
			var y = row + down
			var x = column + right
			if y >= 0 and x >= 0 and y < modules.size() and x < modules.size():
				modules[y][x] = (ring != 2 and ring != 4) if reach == 4 else ring != 1


func _flips(mask, row, column):
	match mask:
		0:
			return (row + column) % 2 == 0
		1:
			return row % 2 == 0
		2:
			return column % 3 == 0
		3:
			return (row + column) % 3 == 0
		4:
			return (row / 2 + column / 3) % 2 == 0
		5:
			return row * column % 2 + row * column % 3 == 0
		6:
			return (row * column % 2 + row * column % 3) % 2 == 0
	return ((row + column) % 2 + row * column % 3) % 2 == 0


# How hard it is to read: long runs, blocks, patterns like a corner's, too much of one colour.
func _penalty(dark):
	var size = dark.size()
	var penalty = 0
	var dark_ones = 0
	for row in range(size):
		var runs = [0, 0]
		var seen = [0, 0]
		for column in range(size):
			if dark[row][column]:
				dark_ones += 1
			for way in range(2):
				var here = dark[row][column] if way == 0 else dark[column][row]
				var before = null
				if column > 0:
					before = dark[row][column - 1] if way == 0 else dark[column - 1][row]
				runs[way] = runs[way] + 1 if here == before else 1
				if runs[way] >= 5:
					penalty += 3 if runs[way] == 5 else 1
				seen[way] = (seen[way] << 1 | (1 if here else 0)) & 0x7FF
				if column >= 10 and (seen[way] == 0x5D or seen[way] == 0x5D0):
					penalty += 40
			if row > 0 and column > 0:
				var same = dark[row][column]
				if dark[row - 1][column] == same and dark[row][column - 1] == same and dark[row - 1][column - 1] == same:
					penalty += 3
	return penalty + int(abs(dark_ones * 20 - size * size * 10)) / (size * size) * 10
