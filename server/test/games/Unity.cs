// As much of Unity as Portico.cs names, so that the compiler reads that part too.
namespace UnityEngine
{
    public static class Application
    {
        public static string persistentDataPath { get { return ""; } }
        public static void OpenURL(string url) { }
    }

    public enum FilterMode { Point }

    public struct Color
    {
        public static Color black { get { return default(Color); } }
        public static Color white { get { return default(Color); } }
    }

    public class Texture2D
    {
        public FilterMode filterMode { get; set; }
        public Texture2D(int width, int height) { }
        public void SetPixel(int x, int y, Color color) { }
        public void Apply() { }
    }
}
