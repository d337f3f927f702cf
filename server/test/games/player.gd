# A game that does what a test tells it: PORT ISSUER CLIENT FOLDER. A line is an order, "number word argument". Godot 3.
extends SceneTree

var peer = StreamPeerTCP.new()
var portico = preload("res://portico.gd").new()
var arguments = []
var read = ""


func _init():
	arguments = OS.get_cmdline_args()
	while arguments[0] != "player.gd":
		arguments.remove(0)
	portico.name = "Portico"
	root.add_child(portico)
	peer.connect_to_host("127.0.0.1", int(arguments[1]))
	while peer.get_status() == StreamPeerTCP.STATUS_CONNECTING:
		OS.delay_msec(5)
	peer.set_no_delay(true)


func _idle(_delta):
	if peer.get_status() != StreamPeerTCP.STATUS_CONNECTED:
		return true
	var waiting = peer.get_available_bytes()
	if waiting > 0:
		read += peer.get_partial_data(waiting)[1].get_string_from_utf8()
	while "\n" in read:
		var line = read.substr(0, read.find("\n"))
		read = read.substr(line.length() + 1)
		_obey(line.split(" "))
	return false


func _obey(words):
	var argument = words[2] if words.size() > 2 else ""
	var answer = { "problem": "" }
	match words[1]:
		"begin":
			portico.folder = arguments[4]
			if not portico.setup(arguments[2], arguments[3]):
				answer = { "problem": "unsafe", "code": "" }
		"device":
			var code = yield(portico.begin_device(), "completed")
			if code.problem == "":
				_say(words[0], "event", { "userCode": code.user_code, "url": code.url, "completeUrl": code.complete_url, "qr": _rows(code.qr) })
			answer = yield(portico.finish_device(code), "completed")
			answer.value = portico.user
		"browser":
			var way = yield(portico.begin_browser(), "completed")
			if way.problem == "":
				_say(words[0], "event", { "url": way.url })
			answer = yield(portico.finish_browser(way), "completed")
			answer.value = portico.user
		"token":
			answer = yield(portico.access_token(argument), "completed")
			answer.value = answer.get("token")
		"join":
			answer = yield(portico.join_ticket(argument), "completed")
			answer.value = answer.get("ticket")
		"pause":
			paused = true
		"who":
			answer.value = portico.user
		"sign-out":
			answer = yield(portico.sign_out(argument == "local"), "completed")
		"qr":
			answer.value = _rows(portico.qr_of(argument))
		"picture":
			var picture = portico.picture(portico.qr_of(argument), 3)
			answer.value = Marshalls.raw_to_base64(picture.get_data())
	if answer.problem == "":
		_say(words[0], "answer", { "value": answer.get("value") })
	else:
		_say(words[0], "error", { "type": answer.problem, "code": answer.code, "verifyUrl": answer.get("verify_url", "") })


func _rows(qr):
	var rows = PoolStringArray()
	for row in qr:
		var cells = ""
		for cell in row:
			cells += "#" if cell else "."
		rows.append(cells)
	return rows.join("/")


func _say(number, kind, body):
	peer.put_data((JSON.print({ "number": int(number), "kind": kind, "body": body }) + "\n").to_utf8())
