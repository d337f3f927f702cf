/**
 * What `games/portico.gd`, which is written for Godot 4, is called in Godot 3, the only Godot that Debian has. These are the words that were
 * renamed between the two, and the ways in which files and pictures are made; no rule of ours stands here.
 */
const WORDS: readonly (readonly [string | RegExp, string])[] = [
  [/await get_tree\(\)\.process_frame/g, 'yield(get_tree(), "idle_frame")'],
  [/await (get_tree\(\)\.create_timer\(.+\))\.timeout/g, 'yield($1, "timeout")'],
  [/await http\.request_completed/g, 'yield(http, "request_completed")'],
  [/await (\w+\(.*\))$/gm, 'yield($1, "completed")'],
  // There the word `true`, that the certificate is checked, comes before the method.
  ['["Accept: application/json"], method', '["Accept: application/json"], true, method'],
  [/\t*peer\.poll\(\)\n/g, ''],
  [/DirAccess\.(\w+)_absolute\(/g, 'Directory.new().$1('],
  [/FileAccess\.open\(path, FileAccess\.(\w+)\)/g, '_open(path, File.$1)'],
  [/Image\.create_from_data\(/g, '_image('],
  // There the end of a slice belongs to it.
  ['(block + 1) * size)', '(block + 1) * size - 1)'],
  [/Time\.get_ticks_msec/g, 'OS.get_ticks_msec'],
  [/Time\.get_unix_time_from_system/g, 'OS.get_unix_time'],
  [/JSON\.parse_string\(text\)/g, 'JSON.parse(text).result'],
  [/JSON\.stringify/g, 'JSON.print'],
  ['process_mode = PROCESS_MODE_ALWAYS', 'pause_mode = PAUSE_MODE_PROCESS'],
  [/PackedByteArray/g, 'PoolByteArray'],
  [/TCPServer/g, 'TCP_Server'],
  [/to_utf8_buffer/g, 'to_utf8'],
  [/uri_encode/g, 'percent_encode'],
  [/uri_decode/g, 'percent_decode'],
];

const HELPERS = `

func _open(path, mode):
	var file = File.new()
	return file if file.open(path, mode) == OK else null


func _image(width, height, mipmaps, format, bytes):
	var image = Image.new()
	image.create_from_data(width, height, mipmaps, format, bytes)
	return image
`;

/** The same file for Godot 3. Throws when a replacement finds nothing: then the list says more than is true. */
export function toGodot3(text: string): string {
  let written = text;
  for (const [from, to] of WORDS) {
    const replaced = written.replace(from, to);
    if (replaced === written) throw new Error(`nothing to replace: ${from}`);
    written = replaced;
  }
  return written + HELPERS;
}
