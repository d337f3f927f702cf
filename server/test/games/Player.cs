using System;
using System.Collections.Generic;
using System.IO;
using System.Net.Sockets;
using System.Text;
using System.Threading.Tasks;
using Portico;

/// <summary>A game that does what a test tells it: `Player.exe PORT ISSUER CLIENT FOLDER`. A line is an order, "number word argument".</summary>
public static class Player
{
    private static StreamWriter writer;

    public static void Main(string[] args)
    {
        var stream = new TcpClient("127.0.0.1", int.Parse(args[0])).GetStream();
        writer = new StreamWriter(stream, new UTF8Encoding(false)) { AutoFlush = true };
        var reader = new StreamReader(stream);
        PorticoClient portico = null;
        for (string line; (line = reader.ReadLine()) != null; )
        {
            var words = line.Split(' ');
            if (words[1] == "quit") return;
            if (words[1] == "begin")
            {
                try
                {
                    portico = new PorticoClient(args[1], args[2], new PorticoFileStore(args[3]));
                    Say(words[0], "answer", "{\"value\":null}");
                }
                catch (ArgumentException)
                {
                    Say(words[0], "error", "{\"type\":\"unsafe\",\"code\":\"\"}");
                }
            }
            else Obey(portico, words[0], words[1], words.Length > 2 ? words[2] : null);
        }
    }

    private static async void Obey(PorticoClient portico, string number, string word, string argument)
    {
        try
        {
            Say(number, "answer", "{\"value\":" + await Do(portico, number, word, argument) + "}");
        }
        catch (PorticoException error)
        {
            var ended = error as PorticoEnded;
            Say(number, "error", Pairs("type", error.GetType().Name.Replace("Portico", "").ToLowerInvariant(), "code", error.Code,
                "verifyUrl", ended == null ? "" : ended.VerifyUrl));
        }
        catch (Exception error)
        {
            Say(number, "error", Pairs("type", error.GetType().Name, "code", error.ToString()));
        }
    }

    private static async Task<string> Do(PorticoClient portico, string number, string word, string argument)
    {
        switch (word)
        {
            case "device":
                var code = await portico.BeginDevice();
                Say(number, "event", Pairs("userCode", code.UserCode, "url", code.Url, "completeUrl", code.CompleteUrl, "qr", Rows(code.Qr())));
                return Shown(await portico.FinishDevice(code));
            case "browser":
                var way = await portico.BeginBrowser();
                Say(number, "event", Pairs("url", way.Url));
                return Shown(await way.Finish());
            case "token":
                return Quote(await portico.AccessToken(argument));
            case "join":
                return Quote(await portico.JoinTicket(argument));
            case "who":
                return Shown(portico.User);
            case "sign-out":
                await portico.SignOut(argument == "local");
                return "null";
            case "qr":
                return Quote(Rows(PorticoQr.Encode(argument)));
            default:
                throw new ArgumentException(word);
        }
    }

    private static string Shown(PorticoUser user)
    {
        return user == null ? "null" : Pairs("id", user.Id, "name", user.Name);
    }

    private static string Rows(bool[,] modules)
    {
        var rows = new List<string>();
        for (var row = 0; row < modules.GetLength(0); row++)
        {
            var cells = "";
            for (var column = 0; column < modules.GetLength(1); column++) cells += modules[row, column] ? "#" : ".";
            rows.Add(cells);
        }
        return string.Join("/", rows);
    }

    private static void Say(string number, string kind, string body)
    {
        lock (writer) writer.WriteLine("{\"number\":" + number + ",\"kind\":\"" + kind + "\",\"body\":" + body + "}");
    }

    private static string Pairs(params string[] pairs)
    {
        var parts = new List<string>();
        for (var at = 0; at < pairs.Length; at += 2) parts.Add(Quote(pairs[at]) + ":" + Quote(pairs[at + 1]));
        return "{" + string.Join(",", parts) + "}";
    }

    private static string Quote(string text)
    {
        var quoted = (text ?? "").Replace("\\", "\\\\").Replace("\"", "\\\"").Replace("\r", "\\r").Replace("\n", "\\n").Replace("\t", "\\t");
        return "\"" + quoted + "\"";
    }
}
