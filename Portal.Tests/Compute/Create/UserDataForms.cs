using System.IO.Compression;
using System.Text;

namespace Portal.Tests.Compute;

/// <summary>The pieces of which user data is put together.</summary>
internal static class UserDataForms
{
    internal const string Script = "#!/bin/sh\necho hi\n",
        Config = "#cloud-config\nhostname: web\n";

    internal static string Base64(string text) => Base64(Encoding.UTF8.GetBytes(text));

    internal static string Base64(byte[] bytes) =>
        Convert.ToBase64String(bytes, Base64FormattingOptions.InsertLineBreaks).ReplaceLineEndings("\n") + "\n";

    internal static byte[] Packed(string text) => Packed(Encoding.UTF8.GetBytes(text));

    internal static byte[] Packed(byte[] content)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.SmallestSize))
        {
            gzip.Write(content);
        }

        return packed.ToArray();
    }

    internal static string Mime(params (string Type, string Encoding, string Content)[] parts) =>
        "Content-Type: multipart/mixed;\n boundary=\"==part==\"\nMIME-Version: 1.0\n\n"
        + string.Concat(
            parts.Select(part =>
                $"--==part==\nContent-Type: {part.Type}\n{(part.Encoding.Length > 0 ? $"Content-Transfer-Encoding: {part.Encoding}\n" : "")}\n{part.Content}\n"
            )
        )
        + "--==part==--\n";
}
